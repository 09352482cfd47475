package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ClaimSweep takes the search that was due at seen. False: another took it, or
// the provider is gone.
func (s *Store) ClaimSweep(ctx context.Context, name string, seen, next time.Time) (bool, error) {
	taken := false
	err := s.change(ctx, schema.ClaimSweep, func(v *view) (c schema.Change, err error) {
		p, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(name))
		if err != nil || !found || !p.NextSweepAt.Equal(seen) {
			return c, err
		}
		p.NextSweepAt, taken = next.UTC(), true
		row, err := schema.Row(schema.ProviderKey(name), p)
		return schema.Change{Put: []schema.Item{row}}, err
	})
	return taken && err == nil, err
}

// RecordSweep stores what a search found, unless a newer record is stored.
func (s *Store) RecordSweep(ctx context.Context, name string, sweep broker.Sweep) error {
	return s.change(ctx, schema.RecordSweep, func(v *view) (c schema.Change, err error) {
		old, _, err := lookUp[broker.Sweep](v, schema.SweepKey(name))
		if err != nil || sweep.At.Before(old.At) {
			return c, err
		}
		row, err := schema.Row(schema.SweepKey(name), sweep)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}

// Sweep returns the newest search at a provider; the zero value when none was
// recorded.
func (s *Store) Sweep(ctx context.Context, name string) (broker.Sweep, error) {
	sweep, _, err := readOne[broker.Sweep](ctx, s, schema.SweepKey(name))
	return sweep, err
}

// AdoptMachine stores a machine of which there is no record, and reports
// whether it did.
func (s *Store) AdoptMachine(ctx context.Context, m broker.Machine) (adopted bool, err error) {
	err = s.change(ctx, schema.AdoptMachine, func(v *view) (c schema.Change, err error) {
		if v.has(schema.MachineKey(m.ID)) {
			return c, nil
		}
		adopted = true
		return v.machine(m, map[string]bool{})
	})
	return adopted && err == nil, err
}
