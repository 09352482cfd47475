package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Leases returns the leases of a provider, by host.
func (s *Store) Leases(ctx context.Context, provider string) ([]broker.Lease, error) {
	items, err := s.query(ctx, sqlPartition, schema.PoolPK(provider))
	if err != nil {
		return nil, err
	}
	rows, err := decodeAll[schema.LeaseRow](items)
	if err != nil {
		return nil, err
	}
	held := make([]broker.Lease, 0, len(rows))
	for _, r := range rows {
		if !r.Free {
			held = append(held, r.Lease)
		}
	}
	return held, nil
}

// TakeLease stores l if the stored version is l.Version (0: none). Versions of
// a host never repeat, also when it was free in between. *Conflict with the
// stored Lease, the zero one when there is none.
func (s *Store) TakeLease(ctx context.Context, l broker.Lease) (broker.Lease, error) {
	err := s.change(ctx, schema.TakeLease, func(v *view) (c schema.Change, err error) {
		row, _, err := lookUp[schema.LeaseRow](v, schema.LeaseKey(l.Provider, l.Host))
		if err != nil {
			return c, err
		}
		if held := row.Held(); held.Version != l.Version {
			return c, conflict(held, "lease of host %q of provider %q", l.Host, l.Provider)
		}
		l.Version = row.Version + 1
		it, err := schema.LeaseItem(schema.LeaseRow{Lease: l})
		return schema.Change{Put: []schema.Item{it}}, err
	})
	if err != nil {
		return broker.Lease{}, err
	}
	return l, nil
}

// DropLease frees the host if the machine still holds it; true if it did.
func (s *Store) DropLease(ctx context.Context, provider, host, machineID string) (bool, error) {
	dropped := false
	err := s.change(ctx, schema.DropLease, func(v *view) (c schema.Change, err error) {
		row, found, err := lookUp[schema.LeaseRow](v, schema.LeaseKey(provider, host))
		if err != nil || !found || row.Free || row.MachineID != machineID {
			return c, err
		}
		dropped = true
		it, err := schema.LeaseItem(schema.LeaseRow{
			Lease: broker.Lease{Provider: provider, Host: host, Version: row.Version}, Free: true,
		})
		return schema.Change{Put: []schema.Item{it}}, err
	})
	return dropped && err == nil, err
}
