package dynamo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
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
	old, _, err := read[broker.HostProvider](ctx, s, schema.HostProviderKey(h.Name))
	if err != nil {
		return broker.HostProvider{}, err
	}
	if old.Version != h.Version {
		return broker.HostProvider{}, conflict(old, "host provider %q", h.Name)
	}
	h.Version++
	if err := s.putHostProvider(ctx, &old, h); err != nil {
		return broker.HostProvider{}, err
	}
	return h, nil
}

// putHostProvider writes h in the place of old.
func (s *Store) putHostProvider(ctx context.Context, old *broker.HostProvider, h broker.HostProvider) error {
	it, err := schema.Row(schema.HostProviderKey(h.Name), h)
	if err != nil {
		return s.unavailable("writing a host provider", err)
	}
	audits, err := broker.HostProviderAudit(known(old.Version, old), &h)
	if err != nil {
		return s.unavailable("writing a host provider", err)
	}
	one := replacing[broker.HostProvider](s, it, old.Version, fmt.Sprintf("host provider %q", h.Name))
	return s.transact(ctx, "writing a host provider", append([]write{one}, auditing(audits)...))
}

// namesAtOnce is how many names are looked up at a time: a scheduler may name
// thousands, and waits ten seconds.
const namesAtOnce = 16

// NamedMachines returns the machines of these names that are not in a final
// status.
func (s *Store) NamedMachines(ctx context.Context, names []string) ([]broker.Machine, error) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	ids, errs := make([][]string, len(names)), make([]error, namesAtOnce)
	var all sync.WaitGroup
	for w := range errs {
		all.Go(func() {
			for i := w; i < len(names) && errs[w] == nil; i += namesAtOnce {
				ids[i], errs[w] = s.named(ctx, names[i])
			}
		})
	}
	all.Wait()
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	found, err := s.Machines(ctx, slices.Concat(ids...))
	return slices.DeleteFunc(found, func(m broker.Machine) bool { return m.Status.Final() }), err // it may have ended since
}

// named are the ids of the machines of a name.
func (s *Store) named(ctx context.Context, name string) ([]string, error) {
	if !readable(schema.NameKey(name, "-")) {
		return nil, nil
	}
	pointers, err := s.rows(ctx, query{pk: schema.NamePK(name), limit: everything})
	ids := make([]string, len(pointers))
	for i, p := range pointers {
		ids[i] = p.SK
	}
	return ids, err
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
