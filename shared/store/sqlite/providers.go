package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

func conflict(current any, format string, args ...any) *broker.Conflict {
	return &broker.Conflict{What: fmt.Sprintf(format, args...), Current: current}
}

// Provider returns the registration by name. not_found.
func (s *Store) Provider(ctx context.Context, name string) (broker.Registration, error) {
	r, found, err := readOne[broker.Registration](ctx, s, schema.RegistrationKey(name))
	if err == nil && !found {
		err = notFound("provider", name)
	}
	return r, err
}

// Snapshot returns what selection reads about all providers, as it stood at
// one moment.
func (s *Store) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	snap := broker.Snapshot{TakenAt: s.now().UTC(), Config: broker.DefaultConfig()}
	items, err := s.query(ctx, sqlSnapshot, schema.RegistryPK, schema.LivePK)
	if err != nil {
		return snap, err
	}
	beside := besides{live: map[schema.Key]broker.Live{}, blocks: map[string][]broker.Block{}}
	for _, it := range items {
		if err := beside.add(&snap, it); err != nil {
			return snap, unavailable("reading the snapshot", err)
		}
	}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		p.Attach(beside.of(p.Name), beside.blocks[p.Name], snap.TakenAt)
	}
	slices.SortFunc(snap.Providers, func(a, b broker.ProviderView) int { return strings.Compare(a.Name, b.Name) })
	return snap, nil
}

// FreshSnapshot is Snapshot: none is kept.
func (s *Store) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) { return s.Snapshot(ctx) }

// besides is what a snapshot's partitions hold beside registrations.
type besides struct {
	live   map[schema.Key]broker.Live
	blocks map[string][]broker.Block // by provider
}

func (b *besides) add(snap *broker.Snapshot, it schema.Item) (err error) {
	switch {
	case it.PK == schema.LivePK:
		b.live[it.Key], err = schema.Decode[broker.Live](it)
	case it.Key == schema.ConfigKey():
		snap.Config, err = schema.DecodeConfig(it)
	case it.IsBlock():
		var row schema.BlockRow
		row, err = schema.Decode[schema.BlockRow](it)
		b.blocks[row.Provider] = append(b.blocks[row.Provider], row.Block)
	default:
		var v broker.ProviderView
		v, err = schema.Decode[broker.ProviderView](it)
		snap.Providers = append(snap.Providers, v)
	}
	return err
}

// of returns the live rows of a provider by class.
func (b *besides) of(provider string) map[string]broker.Live {
	rows := map[string]broker.Live{}
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		if l, ok := b.live[schema.LiveKey(broker.LiveKey{Provider: provider, Class: class})]; ok {
			rows[class] = l
		}
	}
	return rows
}

// PutProvider stores r if the stored version is r.Version (0: none). Order is
// the store's: given at registration, kept through updates. *Conflict with
// the stored Registration, the zero one when there is none.
func (s *Store) PutProvider(ctx context.Context, r broker.Registration) (broker.Registration, error) {
	err := s.change(ctx, schema.PutProvider, func(v *view) (c schema.Change, err error) {
		old, _, err := lookUp[broker.Registration](v, schema.RegistrationKey(r.Name))
		if err != nil {
			return c, err
		}
		if old.Version != r.Version {
			return c, conflict(old, "provider %q", r.Name)
		}
		r.Version, r.Order = r.Version+1, old.Order
		if old.Version == 0 {
			if r.Order, err = nextOrder(v, &c); err != nil {
				return schema.Change{}, err
			}
		}
		if c, err = putRegistration(v, c, r); err != nil {
			return schema.Change{}, err
		}
		c.Audits, err = broker.RegistrationAudit(stored(old.Version, &old), &r, r.Actor)
		return c, err
	})
	if err != nil {
		return broker.Registration{}, err
	}
	return r, nil
}

// stored is what is stored, nil for nothing: version 0.
func stored[T any](version int64, old *T) *T {
	if version == 0 {
		return nil
	}
	return old
}

// nextOrder counts a registration.
func nextOrder(v *view, c *schema.Change) (int64, error) {
	n, _, err := lookUp[int64](v, schema.OrderKey())
	if err != nil {
		return 0, err
	}
	n++
	row, err := schema.Row(schema.OrderKey(), n)
	c.Put = append(c.Put, row)
	return n, err
}

// putRegistration adds the rows of r to c: health and what was measured stay as
// they are stored.
func putRegistration(v *view, c schema.Change, r broker.Registration) (schema.Change, error) {
	summary := r.View()
	old, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(r.Name))
	if err != nil {
		return schema.Change{}, err
	}
	if found {
		summary.Health, summary.NextCheckAt, summary.CheckStartedAt = old.Health, old.NextCheckAt, old.CheckStartedAt
		summary.NextSweepAt = old.NextSweepAt
		summary.DigestAt, summary.Measured, summary.Rolled = old.DigestAt, old.Measured, old.Rolled
	}
	whole, err := schema.Row(schema.RegistrationKey(r.Name), r)
	if err != nil {
		return schema.Change{}, err
	}
	short, err := schema.Row(schema.ProviderKey(r.Name), summary)
	if err != nil {
		return schema.Change{}, err
	}
	c.Put = append(c.Put, whole, short)
	c.Events = []broker.Event{broker.RegistrationEvent(r.Version-1, &r)}
	return c, nil
}

// DeleteProvider removes a registration of that version for by, with its
// breakers, health and history. *Conflict with the stored Registration; a missing one
// is no error.
func (s *Store) DeleteProvider(ctx context.Context, name string, version int64, by broker.Actor) error {
	for {
		more, err := s.deleteProvider(ctx, name, version, by)
		if err != nil || !more {
			return err
		}
	}
}

// deleteProvider deletes in one transaction: all of it, or, while the history
// is too long for one, a part of the history.
func (s *Store) deleteProvider(ctx context.Context, name string, version int64, by broker.Actor) (more bool, err error) {
	err = s.change(ctx, schema.DeleteProvider, func(v *view) (c schema.Change, err error) {
		old, found, err := lookUp[broker.Registration](v, schema.RegistrationKey(name))
		if err != nil || !found {
			return c, err
		}
		if old.Version != version {
			return c, conflict(old, "provider %q", name)
		}
		history := v.first(schema.HistoryPK(name), schema.MaxGroup+1)
		if more = len(history) > schema.MaxGroup; more {
			return schema.Change{Delete: history[:schema.MaxGroup]}, nil
		}
		c.Delete = append(history, schema.RegistrationKey(name), schema.CapabilitiesKey(name), schema.SweepKey(name), schema.ProviderKey(name))
		c.Delete = append(c.Delete, schema.LiveKeys(name)...)
		c.Events = []broker.Event{broker.DeregistrationEvent(name, version)}
		c.Audits, err = broker.RegistrationAudit(&old, nil, by)
		return c, err
	})
	return more, err
}
