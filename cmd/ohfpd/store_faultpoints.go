//go:build faultpoints

package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
	"github.com/openhostfactory/ohfp/shared/store/sqlite/sqlitetest"
)

// A build with this tag dies by SIGKILL at one step boundary: before or after
// a write of the store, counted from the first claim of an operation. The
// crash tests set where:
//
//	OHFP_CRASH_STEP=n    the n-th boundary, from 1; 0: nowhere
//	OHFP_CRASH_LOG=FILE  append the name of each boundary
//
// It also notes how far the log has reached the disk, so that a test can cut
// it there, as a power failure does.
const (
	crashStep = "OHFP_CRASH_STEP"
	crashLog  = "OHFP_CRASH_LOG"
)

func openEmbedded(ctx context.Context, cfg Config) (*openedStore, error) {
	b := &boundaries{log: os.Getenv(crashLog)}
	if n := os.Getenv(crashStep); n != "" {
		step, err := strconv.Atoi(n)
		if err != nil {
			return nil, usage("%s: %w", crashStep, err)
		}
		b.at = int64(step)
	}
	s, err := sqlite.Open(ctx, cfg.DataDir, sqlite.Options{
		Now: time.Now, OperationsKept: cfg.OperationsKept, MachinesKept: cfg.MachinesKept, AuditKept: cfg.AuditKept, Synced: sqlitetest.NewRecorder(cfg.DataDir).Synced,
	})
	if err != nil {
		return nil, err
	}
	return &openedStore{Store: &fragile{Store: s, boundaries: b}, close: s.Close, alone: true, prune: s.Prune}, nil
}

// boundaries counts step boundaries and dies at one.
type boundaries struct {
	at      int64
	count   atomic.Int64
	armed   atomic.Bool
	log     string
	writing sync.Mutex
}

// pass is a boundary.
func (b *boundaries) pass(name string) {
	if !b.armed.Load() {
		return
	}
	b.writing.Lock()
	defer b.writing.Unlock()
	n := b.count.Add(1)
	if b.log != "" {
		b.note(fmt.Sprintf("%d %s\n", n, name))
	}
	if n != b.at {
		return
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // the signal is on its way
}

func (b *boundaries) note(line string) {
	f, err := os.OpenFile(b.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	if _, err := f.WriteString(line); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}

// fragile is a store with a boundary before and after each write of an
// operation's life.
type fragile struct {
	*sqlite.Store
	*boundaries
}

func (f *fragile) between(name string, do func() error) error {
	f.pass("before " + name)
	err := do()
	f.pass("after " + name)
	return err
}

func (f *fragile) ClaimOperation(ctx context.Context, c broker.Claim) error {
	f.armed.Store(true)
	return f.between("claim", func() error { return f.Store.ClaimOperation(ctx, c) })
}

func (f *fragile) MarkSent(ctx context.Context, id string, sent broker.Fenced) error {
	return f.between("sent", func() error { return f.Store.MarkSent(ctx, id, sent) })
}

func (f *fragile) RecordOutcome(ctx context.Context, o broker.Outcome) error {
	return f.between("outcome "+string(o.Attempt.Attempt.State), func() error { return f.Store.RecordOutcome(ctx, o) })
}

func (f *fragile) TakeStep(ctx context.Context, s broker.Step) error {
	return f.between("step", func() error { return f.Store.TakeStep(ctx, s) })
}

func (f *fragile) ApplyLive(ctx context.Context, k broker.LiveKey, w broker.LiveWrite) (l broker.Live, err error) {
	err = f.between("live "+string(w.Kind), func() error {
		l, err = f.Store.ApplyLive(ctx, k, w)
		return err
	})
	return l, err
}

func (f *fragile) ApplyBlock(ctx context.Context, k broker.BlockKey, w broker.BlockWrite) (b broker.Block, err error) {
	err = f.between("block "+string(w.Kind), func() error {
		b, err = f.Store.ApplyBlock(ctx, k, w)
		return err
	})
	return b, err
}

func (f *fragile) ApplyUse(ctx context.Context, scope string, w broker.UseWrite) (u broker.Use, err error) {
	err = f.between("use "+string(w.Kind), func() error {
		u, err = f.Store.ApplyUse(ctx, scope, w)
		return err
	})
	return u, err
}

func (f *fragile) TakeLease(ctx context.Context, l broker.Lease) (taken broker.Lease, err error) {
	err = f.between("lease", func() error {
		taken, err = f.Store.TakeLease(ctx, l)
		return err
	})
	return taken, err
}

func (f *fragile) DropLease(ctx context.Context, provider, host, machineID string) (dropped bool, err error) {
	err = f.between("return", func() error {
		dropped, err = f.Store.DropLease(ctx, provider, host, machineID)
		return err
	})
	return dropped, err
}
