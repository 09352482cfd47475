package metrics_test

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

func TestDelta(t *testing.T) {
	at := time.Date(2026, 3, 1, 13, 4, 59, 999_999_999, time.FixedZone("CET", 3600))
	ended := time.Date(2026, 3, 1, 12, 4, 59, 999_000_000, time.UTC)
	inBin := func(i int) (h metrics.Histogram) { h[i] = 1; return h }
	noted := func(code, message string) metrics.Errors {
		return metrics.Errors{code: {Count: 1, LastSeen: ended, LastMessage: message}}
	}

	for name, c := range map[string]struct {
		event metrics.Event
		want  metrics.Counters
	}{
		"a success has a latency": {
			metrics.Event{Duration: 1500 * time.Millisecond, Timeout: 5 * time.Second, Machines: 3},
			metrics.Counters{Total: 1, Succeeded: 1, Machines: 3, LatencyUS: 1_500_000, Latency: inBin(20), LastUsed: ended},
		},
		"a slow success is slow": {
			metrics.Event{Duration: 2 * time.Second, SlowCall: 2 * time.Second},
			metrics.Counters{Total: 1, Succeeded: 1, Slow: 1, LatencyUS: 2_000_000, Latency: inBin(20), LastUsed: ended},
		},
		"throttles that were overcome count": {
			metrics.Event{Throttles: 2},
			metrics.Counters{Total: 1, Succeeded: 1, Throttled: 2, Latency: inBin(0), LastUsed: ended},
		},
		"some of the machines are a success with a note": {
			metrics.Event{Duration: 8 * us, Class: fault.Capacity, Code: "Full", Message: "two of three", Machines: 2},
			metrics.Counters{
				Total: 1, Succeeded: 1, Partial: 1, Machines: 2, LatencyUS: 8, Latency: inBin(3),
				Errors: noted("Full", "two of three"), LastUsed: ended,
			},
		},
		"a fast failure costs what the caller would have waited": {
			metrics.Event{Duration: time.Millisecond, Timeout: 5 * time.Second, Class: fault.Down, Code: "refused"},
			metrics.Counters{
				Total: 1, Failed: map[fault.Class]int64{fault.Down: 1}, Charged: 1, ChargedUS: 5_000_000,
				Errors: noted("refused", ""), LastUsed: ended,
			},
		},
		"a failure past its timeout costs its time": {
			metrics.Event{Duration: 6 * time.Second, Timeout: 5 * time.Second, SlowCall: 2 * time.Second, Class: fault.Timeout},
			metrics.Counters{
				Total: 1, Slow: 1, Failed: map[fault.Class]int64{fault.Timeout: 1}, Charged: 1, ChargedUS: 6_000_000,
				Errors: noted("TIMEOUT", ""), LastUsed: ended,
			},
		},
		"no capacity is a failure and no evidence": {
			metrics.Event{Duration: time.Second, Timeout: 5 * time.Second, Class: fault.Capacity, Code: " \n"},
			metrics.Counters{Total: 1, Failed: map[fault.Class]int64{fault.Capacity: 1}, Errors: noted("CAPACITY", ""), LastUsed: ended},
		},
		"a throttle that nobody counted is one": {
			metrics.Event{Class: fault.Throttle},
			metrics.Counters{
				Total: 1, Throttled: 1, Failed: map[fault.Class]int64{fault.Throttle: 1}, Errors: noted("THROTTLE", ""), LastUsed: ended,
			},
		},
		"what our own gate refused used nothing and was not slow": {
			metrics.Event{Duration: time.Minute, SlowCall: time.Second, Class: fault.Refused, Code: "open"},
			metrics.Counters{Total: 1, Failed: map[fault.Class]int64{fault.Refused: 1}, Errors: noted("open", "")},
		},
		"how long a caller took to go away is not the provider's slowness": {
			metrics.Event{Duration: time.Minute, SlowCall: time.Second, Class: fault.Cancelled},
			metrics.Counters{Total: 1, Failed: map[fault.Class]int64{fault.Cancelled: 1}, Errors: noted("CANCELLED", ""), LastUsed: ended},
		},
		"numbers below zero count as zero": {
			metrics.Event{Duration: -time.Second, Machines: -1, Throttles: -1},
			metrics.Counters{Total: 1, Succeeded: 1, Latency: inBin(0), LastUsed: ended},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.event.Operation, c.event.Ended = broker.CreateInstances, at
			want := metrics.Row{
				Bucket:    metrics.Bucket{Grain: metrics.Minute, Start: time.Date(2026, 3, 1, 12, 4, 0, 0, time.UTC)},
				Operation: broker.CreateInstances, Counters: c.want,
			}
			if diff := cmp.Diff(want, c.event.Delta()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEvidenceIsWhatSpeaksAgainstAProvider(t *testing.T) {
	var got []fault.Class
	for _, c := range append(fault.Classes(), fault.None) {
		if metrics.Evidence(c) {
			got = append(got, c)
		}
	}
	want := []fault.Class{fault.Auth, fault.Down, fault.Server, fault.Timeout}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatWasNotMeasuredIsAbsent(t *testing.T) {
	var c metrics.Counters
	if _, ok := c.SuccessRate(); ok {
		t.Error("a success rate of nothing")
	}
	if _, ok := c.MeanLatency(); ok {
		t.Error("a latency of nothing")
	}
	if _, ok := c.MeanCharge(); ok {
		t.Error("a charge of nothing")
	}
	c = sum([]metrics.Event{{Class: fault.Capacity}})
	if _, ok := c.MeanLatency(); ok {
		t.Error("a latency without a success")
	}
	if rate, ok := c.SuccessRate(); !ok || rate != 0 {
		t.Errorf("one failure: got %v, %v; want 0, true", rate, ok)
	}
}

func TestMeans(t *testing.T) {
	c := sum([]metrics.Event{
		{Duration: 100 * time.Millisecond},
		{Duration: 200 * time.Millisecond},
		{Duration: time.Millisecond, Timeout: 3 * time.Second, Class: fault.Server},
		{Duration: time.Minute, Class: fault.Quota},
	})
	if got, _ := c.MeanLatency(); got != 150*time.Millisecond {
		t.Errorf("latency: got %v", got)
	}
	if got, _ := c.MeanCharge(); got != 1100*time.Millisecond { // (0.1 + 0.2 + 3) / 3
		t.Errorf("charge: got %v", got)
	}
	if got, _ := c.SuccessRate(); got != 0.5 {
		t.Errorf("success rate: got %v", got)
	}
	if got, want := c.Tally(), (metrics.Tally{Good: 2, Bad: 1}); got != want {
		t.Errorf("tally: got %v", got)
	}
	full := metrics.Counters{LatencyUS: math.MaxInt64, Succeeded: 1}
	if got, ok := full.MeanLatency(); !ok || got < 0 {
		t.Errorf("of a full sum: got %v, %v", got, ok)
	}
}

func TestCountersAddInAnyOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := drawEvents(r, 12, noon, after(time.Hour))
		shuffled := rapid.Permutation(events).Draw(r, "shuffled")
		if diff := cmp.Diff(sum(events), sum(shuffled)); diff != "" {
			r.Errorf("the order matters:\n%s", diff)
		}
		n := rapid.IntRange(0, len(events)).Draw(r, "n")
		left, right := sum(events[:n]), sum(events[n:])
		left.Add(&right)
		if diff := cmp.Diff(sum(events), left); diff != "" {
			r.Errorf("the grouping matters:\n%s", diff)
		}
	})
}

func TestEveryEndedAttemptSucceededOrFailed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		events := drawEvents(r, 20, noon, after(time.Hour))
		c := sum(events)
		if c.Total != int64(len(events)) || c.Total != c.Succeeded+c.FailedTotal() {
			r.Errorf("%d events: %d = %d + %d", len(events), c.Total, c.Succeeded, c.FailedTotal())
		}
		if c.Latency.Count() != c.Succeeded || c.Partial > c.Succeeded || c.Charged > c.FailedTotal() {
			r.Errorf("latencies %d, partial %d of %d, charged %d of %d", c.Latency.Count(), c.Partial, c.Succeeded, c.Charged, c.FailedTotal())
		}
	})
}

func TestAddChangesNoCopy(t *testing.T) {
	first := sum([]metrics.Event{{Class: fault.Down, Code: "a", Ended: noon}})
	kept, failed, errors := first, maps.Clone(first.Failed), maps.Clone(first.Errors)
	first.Add(&kept)
	first.Add(&kept)
	if diff := cmp.Diff(failed, kept.Failed) + cmp.Diff(errors, kept.Errors); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if got := slices.Collect(maps.Values(first.Failed)); !slices.Equal(got, []int64{3}) {
		t.Errorf("got %v", got)
	}
	first.Add(&first)
	if first.Total != 6 || first.Failed[fault.Down] != 6 || first.Errors["a"].Count != 6 {
		t.Errorf("added to itself: %+v", first)
	}
}
