package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openhostfactory/ohfp/examples/site"
)

const (
	serialPairs = 100             // create and terminate, one after the other, for the cost of one operation
	settle      = 2 * time.Second // until the memory at rest is one
	fill        = 3 * time.Minute // at most for filling the store: a slow machine stores fewer, and the rows say how many
)

// daemon measures ohfpd: throughput, latencies, memory, and whether an
// operation costs more when many are stored.
func daemon(ctx context.Context, r *report, bin string, stored int) (err error) {
	workers := 2 * runtime.NumCPU()
	dir, err := os.MkdirTemp("", "ohfp-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	t, err := openTarget(ctx, bin, &site.Broker{Dir: filepath.Join(dir, "data")}, workers)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { err = errors.Join(err, t.broker.Kill(), os.RemoveAll(dir)) }()
	if err := t.prepare(ctx); err != nil {
		return err
	}
	time.Sleep(settle)
	atRest, err := t.rss()
	if err != nil {
		return err
	}
	r.add("ohfpd: memory at rest", mib(atRest), "", fmt.Sprintf("pools of %d and %d hosts registered", poolHosts, largeHosts))
	return measure(ctx, r, t, plan{workers: workers, stored: stored, dir: dir})
}

type plan struct {
	workers, stored int
	dir             string
}

func (t *target) prepare(ctx context.Context) error {
	return errors.Join(t.register(ctx, pool, poolHosts), t.register(ctx, large, largeHosts), t.template(ctx))
}

func measure(ctx context.Context, r *report, t *target, p plan) error {
	if _, err := load(ctx, t, p.workers, 50); err != nil { // 100 operations
		return err
	}
	few, err := serial(ctx, t, pool)
	if err != nil {
		return err
	}
	done := 2 * (50 + serialPairs)
	progress("%d operations at concurrency %d", p.stored-done, p.workers)
	l, err := load(ctx, t, p.workers, (p.stored-done)/2)
	if err != nil {
		return err
	}
	p.stored = done + 2*len(l.creates)
	many, err := serial(ctx, t, pool)
	if err != nil {
		return err
	}
	if err := l.add(ctx, r, t, p); err != nil {
		return err
	}
	many.compare(r, few, p.stored)
	after, err := t.rss()
	if err != nil {
		return err
	}
	r.add(fmt.Sprintf("ohfpd: memory after %d operations", p.stored+2*serialPairs), mib(after), "", "")
	return largePool(ctx, r, t, many)
}

// loaded is what a number of workers saw.
type loaded struct {
	mu                  sync.Mutex
	creates, terminates []time.Duration
	took                time.Duration
}

// load has the workers create and terminate one machine each, in turn, until
// that many pairs are done or the time for it is over.
func load(ctx context.Context, t *target, workers, pairs int) (*loaded, error) {
	l := &loaded{}
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range workers {
		g.Go(func() error {
			for taken.Add(1) <= int64(pairs) && time.Since(began) < fill {
				if err := l.pair(ctx, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	l.took = time.Since(began)
	return l, err
}

func (l *loaded) pair(ctx context.Context, t *target) error {
	began := time.Now()
	_, machine, err := t.create(ctx, pool)
	if err != nil {
		return err
	}
	created := time.Now()
	if err := t.terminate(ctx, machine); err != nil {
		return err
	}
	ended := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.creates = append(l.creates, created.Sub(began))
	l.terminates = append(l.terminates, ended.Sub(created))
	return nil
}

func (l *loaded) add(ctx context.Context, r *report, t *target, p plan) error {
	n := len(l.creates) + len(l.terminates)
	rate := float64(n) / l.took.Seconds()
	plain, err := plainRate(ctx, t, p.workers)
	if err != nil {
		return err
	}
	disk, err := syncTime(p.dir)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("ohfpd: executes at concurrency %d", p.workers)
	r.add(name, fmt.Sprintf("%.0f/s", rate), "", fmt.Sprintf("GET /healthz likewise: %.0f/s", plain))
	r.add("ohfpd: create of 1, p50", ms(quantile(l.creates, 0.5)), "", times(quantile(l.creates, 0.5), disk, "one synced write, "+ms(disk)))
	r.add("ohfpd: create of 1, p99", ms(quantile(l.creates, 0.99)), "", "")
	r.add("ohfpd: terminate of 1, p50", ms(quantile(l.terminates, 0.5)), "", "")
	r.add("ohfpd: terminate of 1, p99", ms(quantile(l.terminates, 0.99)), "", "")
	return nil
}

// plainRate is what the HTTP server does per second when it has nothing to do.
func plainRate(ctx context.Context, t *target, workers int) (float64, error) {
	const calls = 4000
	var taken atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for range workers {
		g.Go(func() error {
			for taken.Add(1) <= calls {
				if err := t.call(ctx, "/healthz", nil, nil); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := g.Wait()
	return calls / time.Since(began).Seconds(), err
}

// syncTime is how long it takes to append 4 KiB to a file and to have it on
// the disk: the least that a durable write can cost here. Median of 50.
func syncTime(dir string) (_ time.Duration, err error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, fmt.Errorf("making a file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var samples []time.Duration
	for range 50 {
		began := time.Now()
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return 0, fmt.Errorf("writing: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("syncing: %w", err)
		}
		samples = append(samples, time.Since(began))
	}
	return quantile(samples, 0.5), nil
}
