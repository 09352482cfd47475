package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openhostfactory/ohfp/examples/site"
)

const (
	scriptCalls = 100             // of each script
	pollFor     = 3 * time.Second // requests are polled
)

// plugin measures what a scheduler waits for: one call of a script, from the
// start of its process to its end, beside the same script around /bin/true;
// and how many polls the broker answers.
func plugin(ctx context.Context, r *report, bin string) (err error) {
	progress("%d calls of each script", scriptCalls)
	dir, err := os.MkdirTemp("", "ohfp-bench-")
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	workers := 2 * runtime.NumCPU()
	t, err := openTarget(ctx, bin, &site.Broker{Dir: filepath.Join(dir, "data")}, workers)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { err = errors.Join(err, t.broker.Kill(), os.RemoveAll(dir)) }()
	if err := errors.Join(t.register(ctx, pool, poolHosts), t.template(ctx)); err != nil {
		return err
	}
	s, err := installScripts(ctx, t, bin, dir)
	if err != nil {
		return err
	}
	if err := s.measure(ctx, r); err != nil {
		return err
	}
	return polls(ctx, r, t, workers)
}

// scripts are those that a scheduler starts.
type scripts struct {
	dir, input string
	nothing    []time.Duration // around /bin/true
}

func installScripts(ctx context.Context, t *target, bin, dir string) (*scripts, error) {
	ohfp, err := filepath.Abs(filepath.Join(bin, "ohfp"))
	if err != nil {
		return nil, fmt.Errorf("finding ohfp: %w", err)
	}
	cmd := exec.CommandContext(ctx, ohfp, "hostfactory", "install", "--dir", dir, "--endpoint", t.broker.Endpoint(), "--token-file", t.broker.TokenFile())
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("installing the scripts: %w: %s", err, out)
	}
	return &scripts{dir: filepath.Join(dir, "scripts"), input: filepath.Join(dir, "input.json")}, nil
}

func (s *scripts) measure(ctx context.Context, r *report) error {
	for _, c := range []struct{ operation, input string }{
		{"getAvailableTemplates", `{}`},
		{"getRequestStatus", `{"requests": [{"requestId": "req-unknown"}]}`},
		{"requestReturnMachines", `{"machines": [{"name": "nobody"}]}`},
	} {
		if err := os.WriteFile(s.input, []byte(c.input), 0o600); err != nil {
			return fmt.Errorf("writing an input: %w", err)
		}
		took, err := s.calls(ctx, c.operation)
		if err != nil {
			return err
		}
		nothing := quantile(s.nothing, 0.5)
		r.add(c.operation+".sh: process start to exit, p50", ms(quantile(took, 0.5)), "", times(quantile(took, 0.5), nothing, "the same script around /bin/true, "+ms(nothing)))
		r.add(c.operation+".sh: process start to exit, p95", ms(quantile(took, 0.95)), "", "")
	}
	return nil
}

// calls starts a script many times, in turn with the same script around a
// program that does nothing.
func (s *scripts) calls(ctx context.Context, operation string) (took []time.Duration, err error) {
	s.nothing = nil
	for range scriptCalls {
		nothing, err := s.call(ctx, operation, "OHFP_CLIENT=/bin/true")
		if err != nil {
			return nil, err
		}
		one, err := s.call(ctx, operation)
		if err != nil {
			return nil, err
		}
		s.nothing, took = append(s.nothing, nothing), append(took, one)
	}
	return took, nil
}

func (s *scripts) call(ctx context.Context, operation string, env ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(s.dir, operation+".sh"), "-f", s.input)
	cmd.Env = append([]string{"HF_PROVIDER_NAME=bench"}, env...)
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		return took, fmt.Errorf("calling %s: %w: %s", operation, err, out)
	}
	return took, nil
}

// polls measures how many polls of a request that has ended are answered over
// kept connections.
func polls(ctx context.Context, r *report, t *target, workers int) error {
	progress("polls for %s", pollFor)
	var done struct {
		RequestID string `json:"request_id"`
	}
	if err := t.call(ctx, "/v1/commands/requestMachines", object{"template_id": "web", "machine_count": 10}, &done); err != nil {
		return err
	}
	var answered atomic.Int64
	limited, cancel := context.WithTimeout(ctx, pollFor)
	defer cancel()
	g, limited := errgroup.WithContext(limited)
	for range workers {
		g.Go(func() error {
			for limited.Err() == nil {
				var answer json.RawMessage
				err := t.call(limited, "/v1/queries/getRequestStatus?request_id="+done.RequestID, nil, &answer)
				if err != nil && limited.Err() == nil {
					return err
				}
				if err == nil {
					answered.Add(1)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r.add(fmt.Sprintf("ohfpd: polls of a request of 10 machines at concurrency %d", workers), fmt.Sprintf("%.0f/s", float64(answered.Load())/pollFor.Seconds()), "", "")
	return nil
}
