package sqlite

import (
	"context"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// AddMetric adds r to the row of its key, and makes it where there is none.
func (s *Store) AddMetric(ctx context.Context, r broker.MetricRow) error {
	return s.change(ctx, schema.AddMetric, func(v *view) (c schema.Change, err error) {
		sum, _, err := lookUp[broker.MetricRow](v, schema.MetricKey(r.MetricKey))
		if err != nil {
			return c, err
		}
		sum.MetricKey, sum.ExpiresAt = r.MetricKey, r.ExpiresAt
		sum.Apply(r.Flat)
		row, err := schema.MetricItem(sum)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}

// PutMetric stores r in the place of what is there.
func (s *Store) PutMetric(ctx context.Context, r broker.MetricRow) error {
	return s.change(ctx, schema.PutMetric, func(*view) (schema.Change, error) {
		row, err := schema.MetricItem(r)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}

// MetricRows returns the rows of a range that have not expired, by key.
func (s *Store) MetricRows(ctx context.Context, r broker.MetricRange) ([]broker.MetricRow, error) {
	items, err := s.query(ctx, sqlBetween, schema.MetricPK(r.Provider, r.Hourly, r.Partition), r.First, r.Below)
	if err != nil {
		return nil, err
	}
	rows, err := decodeAll[broker.MetricRow](items)
	if err != nil {
		return nil, err
	}
	now, kept := s.now(), rows[:0]
	for _, m := range rows {
		if !schema.Expired(m, now) {
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// PutDigest stores what snapshots say was measured of a provider, unless what
// is stored is newer.
func (s *Store) PutDigest(ctx context.Context, provider string, d broker.Digest) error {
	return s.change(ctx, schema.PutDigest, func(v *view) (c schema.Change, err error) {
		p, found, err := lookUp[broker.ProviderView](v, schema.ProviderKey(provider))
		if err != nil || !found || d.At.Before(p.DigestAt) {
			return c, err
		}
		p.DigestAt, p.Measured, p.Rolled = d.At.UTC(), d.Measured, d.Rolled
		row, err := schema.Row(schema.ProviderKey(provider), p)
		return schema.Change{Put: []schema.Item{row}}, err
	})
}
