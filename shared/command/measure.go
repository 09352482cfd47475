package command

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// Metrics keeps what attempts add up to.
type Metrics interface {
	broker.MetricReader
	broker.MetricRoller
}

// measure makes of every provider's counters what selection reads, and sums
// hours that are over. Where nothing has changed it writes nothing. A provider
// whose counters cannot be read keeps its last digest, and nobody from theirs:
// the next tick makes good for all.
func (s Service) measure(ctx context.Context, snap *broker.Snapshot) {
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if err := s.measureOne(ctx, p); err != nil {
			s.Log.WarnContext(ctx, "measuring a provider failed", "provider", p.Name, "error", err)
		}
	}
}

// measureOne stores hours before it says that they are: after a crash in
// between they are stored again, as they were.
func (s Service) measureOne(ctx context.Context, p *broker.ProviderView) error {
	now := s.Now()
	rolled := metrics.RolledOf(p.Rolled)
	if rolled.Until.IsZero() { // before it was registered there is nothing to sum
		rolled.Until = metrics.BucketAt(metrics.Hour, p.RegisteredAt).Start
	}
	due, then := rolled.Due(now)
	for _, hour := range due {
		if err := s.rollUp(ctx, p.Name, hour); err != nil {
			return err
		}
	}
	measured, err := s.measured(ctx, p, now)
	if err != nil {
		return err
	}
	d := broker.Digest{At: now, Measured: measured, Rolled: then.Stored()}
	if same(p, &d) {
		return nil
	}
	if err := s.Metrics.PutDigest(ctx, p.Name, d); err != nil {
		return fmt.Errorf("storing what was measured: %w", err)
	}
	return nil
}

func (s Service) rollUp(ctx context.Context, provider string, hour metrics.Bucket) error {
	rows, err := s.metricRows(ctx, provider, metrics.Span{Grain: metrics.Minute, From: hour.Start, To: hour.End()})
	if err != nil {
		return err
	}
	for _, r := range metrics.Rollup(hour, rows) {
		if err := s.Metrics.PutMetric(ctx, r.Stored(provider)); err != nil {
			return fmt.Errorf("storing the hour %s: %w", hour.Start.Format(time.RFC3339), err)
		}
	}
	return nil
}

// measured is by breaker class what the last hour says.
func (s Service) measured(ctx context.Context, p *broker.ProviderView, now time.Time) (map[string]broker.Measured, error) {
	rows, err := s.metricRows(ctx, p.Name, metrics.SummarySpan(now))
	if err != nil {
		return nil, err
	}
	var all map[string]broker.Measured
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		before := metrics.Summary{LastUsed: p.Measured[class].At}
		sum := metrics.Summarize(class, rows, before, now)
		if sum.LastUsed.IsZero() {
			continue
		}
		if all == nil {
			all = map[string]broker.Measured{}
		}
		all[class] = sum.Measured()
	}
	return all, nil
}

func (s Service) metricRows(ctx context.Context, provider string, span metrics.Span) ([]metrics.Row, error) {
	var rows []metrics.Row
	for _, r := range span.Reads() {
		stored, err := s.Metrics.MetricRows(ctx, r.Range(provider))
		if err != nil {
			return nil, fmt.Errorf("reading counters: %w", err)
		}
		for _, m := range stored {
			row, err := metrics.ReadRow(m)
			if err != nil {
				return nil, fmt.Errorf("reading counters: %w", err)
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// same reports whether d says what is stored already.
func same(p *broker.ProviderView, d *broker.Digest) bool {
	return reflect.DeepEqual(p.Measured, d.Measured) && reflect.DeepEqual(p.Rolled, d.Rolled)
}
