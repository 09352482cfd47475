package sim_test

import (
	"context"
	"sync"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// alone is another design: each process has breakers of its own, in its
// memory, by the same rules.
type alone struct {
	storetest.Store
	mu   sync.Mutex
	rows map[broker.LiveKey]broker.Live
}

func breakerPerProcess(s storetest.Store) storetest.Store {
	return &alone{Store: s, rows: map[broker.LiveKey]broker.Live{}}
}

// ApplyLive changes the process's own row.
func (a *alone) ApplyLive(_ context.Context, k broker.LiveKey, w broker.LiveWrite) (broker.Live, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	after, held := w.Apply(a.rows[k])
	if !held {
		return broker.Live{}, &broker.Conflict{What: "breaker", Current: a.rows[k]}
	}
	a.rows[k] = after
	return after, nil
}

// Snapshot shows the process its own rows.
func (a *alone) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	return a.overlaid(a.Store.Snapshot(ctx))
}

// FreshSnapshot is Snapshot: nothing is kept.
func (a *alone) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) {
	return a.overlaid(a.Store.FreshSnapshot(ctx))
}

func (a *alone) overlaid(s broker.Snapshot, err error) (broker.Snapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range s.Providers {
		p := &s.Providers[i]
		p.Live = map[string]broker.Live{}
		for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
			if row, ok := a.rows[broker.LiveKey{Provider: p.Name, Class: class}]; ok {
				p.Live[class] = row
			}
		}
	}
	return s, err
}

// forgetful is another design: nobody remembers what a provider is out of.
type forgetful struct{ storetest.Store }

func forgetsBlocks(s storetest.Store) storetest.Store { return forgetful{s} }

// Snapshot shows no blocks.
func (f forgetful) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	return unblocked(f.Store.Snapshot(ctx))
}

// FreshSnapshot is Snapshot: nothing is kept.
func (f forgetful) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) {
	return unblocked(f.Store.FreshSnapshot(ctx))
}

func unblocked(s broker.Snapshot, err error) (broker.Snapshot, error) {
	for i := range s.Providers {
		s.Providers[i].Blocks = nil
	}
	return s, err
}
