package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// HostProvider returns an instance of a scheduler by name. not_found.
func (s *Store) HostProvider(ctx context.Context, name string) (broker.HostProvider, error) {
	h, found, err := readOne[broker.HostProvider](ctx, s, schema.HostProviderKey(name))
	if err == nil && !found {
		err = notFound("host provider", name)
	}
	return h, err
}

// PutHostProvider stores h if the stored version is h.Version (0: none).
// *Conflict with the stored HostProvider, the zero one when there is none.
func (s *Store) PutHostProvider(ctx context.Context, h broker.HostProvider) (broker.HostProvider, error) {
	err := s.change(ctx, schema.PutHostProvider, func(v *view) (c schema.Change, err error) {
		k := schema.HostProviderKey(h.Name)
		old, _, err := lookUp[broker.HostProvider](v, k)
		if err != nil {
			return c, err
		}
		if old.Version != h.Version {
			return c, conflict(old, "host provider %q", h.Name)
		}
		h.Version++
		row, err := schema.Row(k, h)
		if err != nil {
			return c, err
		}
		c.Put = []schema.Item{row}
		c.Audits, err = broker.HostProviderAudit(stored(old.Version, &old), &h)
		return c, err
	})
	if err != nil {
		return broker.HostProvider{}, err
	}
	return h, nil
}

// NamedMachines returns the machines of these names that are not in a final
// status.
func (s *Store) NamedMachines(ctx context.Context, names []string) ([]broker.Machine, error) {
	var ids []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		pointers, err := s.query(ctx, sqlPartition, schema.NamePK(name))
		if err != nil {
			return nil, err
		}
		for _, p := range pointers {
			ids = append(ids, p.SK)
		}
	}
	found, err := s.Machines(ctx, ids)
	return slices.DeleteFunc(found, func(m broker.Machine) bool { return m.Status.Final() }), err // it may have ended since
}

// Reclaims returns the machines that providers take back or have lost, and
// that went after since or are still to go, by id.
func (s *Store) Reclaims(ctx context.Context, since time.Time) ([]broker.Reclaim, error) {
	notes, err := s.query(ctx, sqlPartition, schema.ReclaimPK)
	if err != nil {
		return nil, err
	}
	out, err := schema.ReclaimsSince(notes, since)
	return out, unavailable("reading what providers take back", err)
}
