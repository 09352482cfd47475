package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordHealth stores what a check found or somebody says, unless something
// newer is stored, and returns what is stored then. not_found.
func (s *Store) RecordHealth(ctx context.Context, name string, h broker.Health) (stored broker.Health, err error) {
	said := h.Source != ""
	err = s.changeAs(ctx, schema.RecordHealth, said, func(v *view) (c schema.Change, err error) {
		p, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(name))
		if err != nil {
			return c, err
		}
		if !found {
			return c, notFound("provider", name)
		}
		if stored = p.Health; h.CheckedAt.Before(stored.CheckedAt) {
			return c, nil
		}
		stored = h.Following(p.Health)
		return recordHealth(p, stored)
	})
	if err != nil {
		return broker.Health{}, err
	}
	return stored, nil
}

func recordHealth(p broker.ProviderView, h broker.Health) (c schema.Change, err error) {
	news := h.News(p.Health)
	c.Events = broker.HealthEvents(p.Name, p.Health.State, h.State, h.Source != "")
	if c.Audits, err = broker.HealthAudit(p.Name, &p.Health, &h); err != nil {
		return c, err
	}
	p.Health, p.CheckStartedAt = h, time.Time{}
	row, err := schema.Row(schema.ProviderKey(p.Name), p)
	if err != nil {
		return c, err
	}
	c.Put = append(c.Put, row)
	if news {
		row, err = schema.HistoryItem(p.Name, h)
		c.Put = append(c.Put, row)
	}
	return c, err
}

// ClaimCheck takes the check that was due at seen. False: another took it, or
// the provider is gone.
func (s *Store) ClaimCheck(ctx context.Context, name string, seen, now, next time.Time) (bool, error) {
	taken := false
	err := s.change(ctx, schema.ClaimCheck, func(v *view) (c schema.Change, err error) {
		p, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(name))
		if err != nil || !found || !p.NextCheckAt.Equal(seen) {
			return c, err
		}
		p.NextCheckAt, p.CheckStartedAt, taken = next.UTC(), now.UTC(), true
		row, err := schema.Row(schema.ProviderKey(name), p)
		return schema.Change{Put: []schema.Item{row}}, err
	})
	return taken && err == nil, err
}

// HealthHistory returns what checks found at or after since, newest first, at
// most limit entries.
func (s *Store) HealthHistory(ctx context.Context, name string, since time.Time, limit int) ([]broker.Health, error) {
	if kept := s.now().Add(-schema.HistoryKept); since.Before(kept) {
		since = kept
	}
	items, err := s.query(ctx, sqlSince, schema.HistoryPK(name), schema.Stamp(since), max(limit, 0))
	if err != nil {
		return nil, err
	}
	return decodeAll[broker.Health](items)
}
