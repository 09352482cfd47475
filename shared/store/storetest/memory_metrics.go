package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// AddMetric implements [broker.MetricWriter].
func (m *Memory) AddMetric(_ context.Context, r broker.MetricRow) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r = own(r)
	sum := m.metrics[r.MetricKey].Flat
	sum.Apply(r.Flat)
	r.Flat = sum
	m.metrics[r.MetricKey] = r
	return nil
}

// PutMetric implements [broker.MetricRoller].
func (m *Memory) PutMetric(_ context.Context, r broker.MetricRow) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.metrics[r.MetricKey] = own(r)
	return nil
}

// MetricRows implements [broker.MetricReader].
func (m *Memory) MetricRows(_ context.Context, r broker.MetricRange) ([]broker.MetricRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.MetricRow
	for k, row := range m.metrics {
		in := k.Provider == r.Provider && k.Hourly == r.Hourly && k.Partition == r.Partition && k.Row >= r.First && k.Row < r.Below
		if in && row.ExpiresAt.After(m.now()) {
			out = append(out, own(row))
		}
	}
	slices.SortFunc(out, func(a, b broker.MetricRow) int { return cmp.Compare(a.Row, b.Row) })
	return out, nil
}

// PutDigest implements [broker.MetricRoller].
func (m *Memory) PutDigest(_ context.Context, provider string, d broker.Digest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, ok := m.providers[provider]; ok && !d.At.Before(p.view.DigestAt) {
		d = own(d)
		p.view.DigestAt, p.view.Measured, p.view.Rolled = d.At.UTC(), d.Measured, d.Rolled
	}
	return nil
}
