package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// RecordHealth stores what a check found, unless a newer one is stored.
// not_found.
func (s *Store) RecordHealth(ctx context.Context, name string, h broker.Health) error {
	return s.change(ctx, schema.RecordHealth, func(v *view) (c schema.Change, err error) {
		p, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(name))
		if err != nil {
			return c, err
		}
		if !found {
			return c, notFound("provider", name)
		}
		if h.CheckedAt.Before(p.Health.CheckedAt) {
			return c, nil
		}
		return recordHealth(p, h)
	})
}

func recordHealth(p broker.ProviderView, h broker.Health) (c schema.Change, err error) {
	changed := p.Health.State != h.State || p.Health.Message != h.Message
	p.Health, p.CheckStartedAt = h, time.Time{}
	row, err := schema.Row(schema.ProviderKey(p.Name), p)
	if err != nil {
		return c, err
	}
	c.Put = append(c.Put, row)
	if changed {
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
