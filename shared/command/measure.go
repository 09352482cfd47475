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

// lossWindow is the time over which machines that a provider took back are
// counted.
const lossWindow = 24 * time.Hour

// mostMachines bounds the machines of which it is told how many were lost.
const mostMachines = 10_000

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
		if err := s.rollUp(ctx, p, hour); err != nil {
			return err
		}
	}
	measured, err := s.measured(ctx, p, now)
	if err != nil {
		return err
	}
	if m, used := measured[broker.ClassMutate]; used {
		if m.Lost = p.Measured[broker.ClassMutate].Lost; len(due) > 0 {
			m.Lost, err = s.lossRate(ctx, p.Name, now)
		}
		if err != nil {
			return err
		}
		measured[broker.ClassMutate] = m
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

func (s Service) rollUp(ctx context.Context, p *broker.ProviderView, hour metrics.Bucket) error {
	rows, err := s.metricRows(ctx, p, metrics.Span{Grain: metrics.Minute, From: hour.Start, To: hour.End()})
	if err != nil {
		return err
	}
	for _, r := range metrics.Rollup(hour, rows) {
		if err := s.Metrics.PutMetric(ctx, r.Stored(p.Name)); err != nil {
			return fmt.Errorf("storing the hour %s: %w", hour.Start.Format(time.RFC3339), err)
		}
	}
	return nil
}

// measured is by breaker class what the last hour says.
func (s Service) measured(ctx context.Context, p *broker.ProviderView, now time.Time) (map[string]broker.Measured, error) {
	rows, err := s.metricRows(ctx, p, metrics.SummarySpan(now))
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

func (s Service) metricRows(ctx context.Context, p *broker.ProviderView, span metrics.Span) ([]metrics.Row, error) {
	var rows []metrics.Row
	for _, r := range span.Reads() {
		stored, err := s.Metrics.MetricRows(ctx, r.Range(p.Name))
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
	return metrics.Since(p.RegisteredAt, rows), nil
}

// lossRate is the share of running machines that a provider takes back per hour:
// those that were lost in the last day, for each hour that machines ran in it;
// nil when none ran. It is made anew when an hour is summed up, not at each
// tick.
func (s Service) lossRate(ctx context.Context, provider string, now time.Time) (*float64, error) {
	from := now.Add(-lossWindow)
	owned, err := s.Ledger.OwnedMachines(ctx, provider, mostMachines)
	if err != nil {
		return nil, fmt.Errorf("reading machines: %w", err)
	}
	ended, err := s.Ledger.EndedMachines(ctx, provider, from, mostMachines)
	if err != nil {
		return nil, fmt.Errorf("reading machines that ended: %w", err)
	}
	var lives []metrics.Life
	lost := 0.0
	for _, m := range owned {
		lives = append(lives, metrics.Life{Launched: m.LaunchTime})
	}
	for _, m := range ended {
		lives = append(lives, metrics.Life{Launched: m.LaunchTime, Ended: m.UpdatedAt})
		if m.Status == broker.MachineLost {
			lost++
		}
	}
	hours := metrics.Costs(lives, from, now).Total.Hours()
	if hours == 0 {
		return nil, nil //nolint:nilnil // nothing ran
	}
	share := min(1, lost/hours)
	return &share, nil
}

// beginAnew lets a provider that is new begin with no figures. They are
// evidence: when they cannot be cleared it is registered all the same.
func (s Service) beginAnew(ctx context.Context, r *broker.Registration) {
	if r.Version != 1 {
		return
	}
	if err := s.forget(ctx, r.Name); err != nil {
		s.Log.WarnContext(ctx, "clearing the counters of an earlier provider failed", "provider", r.Name, "error", err)
	}
}

// forget clears what was counted in this minute under a name that was just
// registered: it is of a provider that had the name before.
func (s Service) forget(ctx context.Context, provider string) error {
	for _, r := range metrics.MinuteSpan(s.Now()).Reads() {
		stored, err := s.Metrics.MetricRows(ctx, r.Range(provider))
		if err != nil {
			return fmt.Errorf("reading counters of %q: %w", provider, err)
		}
		for _, row := range stored {
			row.Flat = broker.Flat{}
			if err := s.Metrics.PutMetric(ctx, row); err != nil {
				return fmt.Errorf("clearing counters of %q: %w", provider, err)
			}
		}
	}
	return nil
}

// same reports whether d says what is stored already.
func same(p *broker.ProviderView, d *broker.Digest) bool {
	return reflect.DeepEqual(p.Measured, d.Measured) && reflect.DeepEqual(p.Rolled, d.Rolled)
}
