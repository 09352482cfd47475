package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ClaimSweep takes the search that was due at seen. False: another took it, or
// the provider is gone.
func (s *Store) ClaimSweep(ctx context.Context, name string, seen, next time.Time) (bool, error) {
	e := newExpression()
	e.set(attrNextSweepAt, schema.Stamp(next))
	return s.claimDue(ctx, name, attrNextSweepAt, seen, e)
}

// RecordSweep stores what a search found, unless a newer record is stored.
func (s *Store) RecordSweep(ctx context.Context, name string, sweep broker.Sweep) error {
	it, err := schema.Row(schema.SweepKey(name), sweep)
	if err != nil {
		return s.unavailable("recording a search", err)
	}
	return s.putUnlessNewer(ctx, it, sweep.At)
}

// putUnlessNewer stores a row of what was seen at a time, unless a row of a
// later time is stored.
func (s *Store) putUnlessNewer(ctx context.Context, it schema.Item, at time.Time) error {
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return err
	}
	r := rowOf(it)
	r.CheckedAt = schema.Stamp(at)
	e := newExpression()
	e.when(either(e.absent(attrPK), e.compare(attrCheckedAt, "<=", r.CheckedAt)))
	return unlessRefused(s.put(ctx, r, e))
}

// Sweep returns the newest search at a provider; the zero value when none was
// recorded.
func (s *Store) Sweep(ctx context.Context, name string) (broker.Sweep, error) {
	sweep, _, err := read[broker.Sweep](ctx, s, schema.SweepKey(name))
	return sweep, err
}

// AdoptMachine stores a machine of which there is no record, and reports
// whether it did.
func (s *Store) AdoptMachine(ctx context.Context, m broker.Machine) (bool, error) {
	if err := s.markLaunch(ctx, m, nil); err != nil {
		return false, err
	}
	writes, err := s.machineWrites(m, nil)
	if err != nil {
		return false, s.unavailable("adopting a machine", err)
	}
	err = s.transact(ctx, "adopting a machine", writes)
	if errors.Is(err, errMoved) {
		return false, nil
	}
	return err == nil, err
}
