package metrics

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

const (
	// SummaryWindow is how far back a summary looks.
	SummaryWindow = time.Hour
	// StaleAfter is the age from which a summary says nothing any more: several
	// ticks have failed to renew it.
	StaleAfter = 5 * time.Minute
	// HalfFresh is the age at which data is worth half.
	HalfFresh = 60 * time.Second
)

// Summary is what selection reads of the metrics of a provider's operations of
// one breaker class. A pointer that is nil was not measured.
type Summary struct {
	Tally
	Throttled  int64          `json:"throttled,omitempty"`
	Machines   int64          `json:"machines,omitempty"` // made, of Wanted
	Wanted     int64          `json:"wanted,omitempty"`
	Latency    *time.Duration `json:"latency,omitempty"`    // decayed mean of successes
	Peak       *time.Duration `json:"peak,omitempty"`       // peak-EWMA; failures count as their timeout
	P95        *time.Duration `json:"p95,omitempty"`        // of successes
	LastUsed   time.Time      `json:"last_used,omitzero"`   // zero: never
	ComputedAt time.Time      `json:"computed_at,omitzero"` // zero: never
}

// SummarySpan is the rows of which a summary at now is made.
func SummarySpan(now time.Time) Span {
	return Span{Minute, BucketAt(Minute, now.Add(-SummaryWindow)).End(), BucketAt(Minute, now).End()}
}

// Summarize folds the minute rows of the last [SummaryWindow] before now, of
// operations of the class (broker.ClassMutate or broker.ClassRead) and in any
// order; others are passed over, and so are health checks, which are not what
// callers feel. before is the summary that this one replaces: it knows of a
// last use that is longer ago.
//
// A row counts in Latency and Peak as if its calls had ended together at its
// last use; so what a minute does is told apart from the minutes beside it and
// not within.
func Summarize(class string, rows []Row, before Summary, now time.Time) Summary {
	window := SummarySpan(now)
	var sum Counters
	var own []*Row
	for i := range rows {
		r := &rows[i]
		if window.Holds(r.Bucket) && r.Operation.BreakerClass() == class && r.Operation != broker.HealthCheck {
			own = append(own, r)
			sum.absorb(&r.Counters)
		}
	}
	s := Summary{Tally: sum.Tally(), Throttled: sum.Throttled, Machines: sum.Machines, Wanted: sum.Wanted, LastUsed: later(before.LastUsed, sum.LastUsed), ComputedAt: now.UTC()}
	s.P95 = known(sum.Latency.Quantile(0.95))
	s.Latency, s.Peak = latencies(own)
	return s
}

// latencies are the decayed mean and the peak of rows.
func latencies(rows []*Row) (latency, peak *time.Duration) {
	slices.SortFunc(rows, func(a, b *Row) int {
		return cmp.Or(a.Counters.LastUsed.Compare(b.Counters.LastUsed), cmp.Compare(a.Operation, b.Operation))
	})
	var m Mean
	var p Peak
	for _, r := range rows {
		c := &r.Counters
		if d, ok := c.MeanLatency(); ok {
			m.Observe(d, c.Succeeded, c.LastUsed)
		}
		if d, ok := c.MeanCharge(); ok {
			p.Observe(d, c.LastUsed)
		}
	}
	return known(m.Value()), known(p.Value())
}

// known is a pointer to what was measured, nil when nothing was.
func known(d time.Duration, ok bool) *time.Duration {
	if !ok {
		return nil
	}
	return &d
}

// SuccessRate returns Good as a share of all calls that count, in [0, 1].
// False when there was none.
func (s Summary) SuccessRate() (float64, bool) {
	if s.Calls() == 0 {
		return 0, false
	}
	return float64(s.Good) / float64(s.Calls()), true
}

// Age returns how old the summary is: 0 when a clock that runs ahead made it.
// False when it was never made.
func (s Summary) Age(now time.Time) (time.Duration, bool) {
	if s.ComputedAt.IsZero() {
		return 0, false
	}
	return max(0, now.Sub(s.ComputedAt)), true
}

// Current reports whether the summary may still be believed. One that may not
// is as good as none: its provider passes thresholds, as one without metrics.
func (s Summary) Current(now time.Time) bool {
	age, ok := s.Age(now)
	return ok && age < StaleAfter
}

// Freshness is what data of that age is worth: 1 at once, half at [HalfFresh],
// a quarter at twice that, and so on.
func Freshness(age time.Duration) float64 {
	return math.Exp2(-float64(max(age, 0)) / float64(HalfFresh))
}
