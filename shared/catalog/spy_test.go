package catalog_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// spy is a store that notes its writes, and that can be told to fail or to
// wait before or after one.
type spy struct {
	storetest.Store
	mu     sync.Mutex
	mortal *atomic.Bool // it is to die; true: it is dead
	writes []string
	read   []string
	names  [][]string                                                // that machines were looked up by
	unseen int                                                       // reads that failed
	blind  func() error                                              // why reads fail; nil: they do not
	gate   func(ctx context.Context, write string, after bool) error // nil: open
}

func newSpy(s storetest.Store) *spy { return &spy{Store: s} }

func (s *spy) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.read, s.names, s.unseen = nil, nil, nil, 0
}

func (s *spy) written() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.writes...)
}

func (s *spy) setGate(gate func(ctx context.Context, write string, after bool) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate
}

// do carries a write out between its two boundaries.
func (s *spy) do(ctx context.Context, write string, call func() error) error {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate == nil {
		gate = func(context.Context, string, bool) error { return nil }
	}
	if err := gate(ctx, write, false); err != nil {
		return err
	}
	err := call()
	if err == nil {
		s.mu.Lock()
		s.writes = append(s.writes, write)
		s.mu.Unlock()
	}
	if lost := gate(ctx, write, true); lost != nil {
		return lost
	}
	return err
}

func (s *spy) PutProvider(ctx context.Context, r broker.Registration) (out broker.Registration, err error) {
	err = s.do(ctx, "provider", func() error { out, err = s.Store.PutProvider(ctx, r); return err })
	return out, err
}

func (s *spy) RecordHealth(ctx context.Context, name string, h broker.Health) (out broker.Health, err error) {
	err = s.do(ctx, "health", func() error { out, err = s.Store.RecordHealth(ctx, name, h); return err })
	return out, err
}

func (s *spy) ClaimCheck(ctx context.Context, name string, seen, now, next time.Time) (ok bool, err error) {
	err = s.do(ctx, "check", func() error { ok, err = s.Store.ClaimCheck(ctx, name, seen, now, next); return err })
	return ok, err
}

func (s *spy) ApplyLive(ctx context.Context, k broker.LiveKey, w broker.LiveWrite) (l broker.Live, err error) {
	err = s.do(ctx, "live "+string(w.Kind), func() error { l, err = s.Store.ApplyLive(ctx, k, w); return err })
	return l, err
}

func (s *spy) ApplyBlock(ctx context.Context, k broker.BlockKey, w broker.BlockWrite) (b broker.Block, err error) {
	err = s.do(ctx, "block "+string(w.Kind), func() error { b, err = s.Store.ApplyBlock(ctx, k, w); return err })
	return b, err
}

func (s *spy) ApplyUse(ctx context.Context, scope string, w broker.UseWrite) (u broker.Use, err error) {
	err = s.do(ctx, "use "+string(w.Kind), func() error { u, err = s.Store.ApplyUse(ctx, scope, w); return err })
	return u, err
}

func (s *spy) Ticket(ctx context.Context, scope string) (n int64, err error) {
	err = s.do(ctx, "ticket", func() error { n, err = s.Store.Ticket(ctx, scope); return err })
	return n, err
}

func (s *spy) ClaimOperation(ctx context.Context, c broker.Claim) error {
	return s.do(ctx, "claim", func() error { return s.Store.ClaimOperation(ctx, c) })
}

func (s *spy) MarkSent(ctx context.Context, id string, sent broker.Fenced) error {
	return s.do(ctx, "sent", func() error { return s.Store.MarkSent(ctx, id, sent) })
}

func (s *spy) RecordOutcome(ctx context.Context, o broker.Outcome) error {
	name := "outcome " + string(o.Attempt.Attempt.State)
	if o.Closed != nil {
		name += " and close"
	}
	return s.do(ctx, name, func() error { return s.Store.RecordOutcome(ctx, o) })
}

func (s *spy) TakeStep(ctx context.Context, st broker.Step) error {
	return s.do(ctx, "step", func() error { return s.Store.TakeStep(ctx, st) })
}

func (s *spy) AddMetric(ctx context.Context, r broker.MetricRow) error {
	return s.do(ctx, "count", func() error { return s.Store.AddMetric(ctx, r) })
}

func (s *spy) NoteMachine(ctx context.Context, id string, n broker.MachineNote) (m broker.Machine, err error) {
	err = s.do(ctx, "note", func() error { m, err = s.Store.NoteMachine(ctx, id, n); return err })
	return m, err
}

func (s *spy) AdoptMachine(ctx context.Context, m broker.Machine) (ok bool, err error) {
	err = s.do(ctx, "adopt", func() error { ok, err = s.Store.AdoptMachine(ctx, m); return err })
	return ok, err
}

func (s *spy) RecordSweep(ctx context.Context, name string, sweep broker.Sweep) error {
	return s.do(ctx, "sweep", func() error { return s.Store.RecordSweep(ctx, name, sweep) })
}
