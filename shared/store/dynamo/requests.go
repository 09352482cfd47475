package dynamo

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// HostProvider returns an instance of a scheduler by name. not_found.
func (s *Store) HostProvider(ctx context.Context, name string) (broker.HostProvider, error) {
	h, found, err := read[broker.HostProvider](ctx, s, schema.HostProviderKey(name))
	if err == nil && !found {
		err = notFound("host provider", name)
	}
	return h, err
}

// PutHostProvider stores h if the stored version is h.Version (0: none).
// *Conflict with the stored HostProvider, the zero one when there is none.
func (s *Store) PutHostProvider(ctx context.Context, h broker.HostProvider) (broker.HostProvider, error) {
	h.Version++
	if err := putVersioned(ctx, s, schema.HostProviderKey(h.Name), h, h.Version); err != nil {
		return broker.HostProvider{}, err
	}
	return h, nil
}

// putVersioned stores v at a key if the stored version is the one before
// version (0: none). *Conflict with what is stored, the zero T when there is
// none.
func putVersioned[T any](ctx context.Context, s *Store, k schema.Key, v T, version int64) error {
	it, err := schema.Row(k, v)
	if err != nil {
		return s.unavailable("writing "+k.String(), err)
	}
	if err := (&schema.Change{Put: []schema.Item{it}}).Check(); err != nil {
		return err
	}
	r := rowOf(it)
	r.Version = &version
	err = s.put(ctx, r, versioned(version-1))
	refused, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	old, err := stored[T](refused.item)
	if err != nil {
		return s.unavailable("reading "+k.String(), err)
	}
	return conflict(old, "%s", k)
}

// NamedMachines returns the machines of these names that are not in a final
// status.
func (s *Store) NamedMachines(ctx context.Context, names []string) ([]broker.Machine, error) {
	var ids []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if !readable(schema.NameKey(name, "-")) {
			continue
		}
		pointers, err := s.rows(ctx, query{pk: schema.NamePK(name), limit: everything})
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
	rows, err := s.rows(ctx, query{pk: schema.ReclaimPK, limit: everything})
	if err != nil {
		return nil, err
	}
	notes := make([]schema.Item, len(rows))
	for i, r := range rows {
		notes[i] = r.item()
	}
	out, err := schema.ReclaimsSince(notes, since)
	return out, s.unavailable("reading what providers take back", err)
}
