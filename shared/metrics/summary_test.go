package metrics_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

func rowsOf(events []metrics.Event) []metrics.Row {
	s := &table{rows: map[[2]string]metrics.Row{}}
	for _, e := range events {
		s.add(e.Delta())
	}
	return s.all(noon)
}

func TestSummarize(t *testing.T) {
	ms := func(n int64) *time.Duration { d := time.Duration(n) * time.Millisecond; return &d }
	create := func(at time.Duration, d time.Duration, c fault.Class) metrics.Event {
		return metrics.Event{Operation: broker.CreateInstances, Ended: after(at), Duration: d, Timeout: 5 * time.Second, Class: c}
	}
	earlier := metrics.Summary{Tally: metrics.Tally{Good: 7}, Peak: ms(7), LastUsed: after(-3 * time.Hour), ComputedAt: after(-time.Minute)}

	for name, c := range map[string]struct {
		events []metrics.Event
		want   metrics.Summary
	}{
		"nothing measured is absent, the last use is remembered": {
			nil, metrics.Summary{LastUsed: after(-3 * time.Hour), ComputedAt: noon},
		},
		"one success": {
			[]metrics.Event{create(-time.Second, 100*time.Millisecond, fault.None)},
			metrics.Summary{
				Tally: metrics.Tally{Good: 1}, Latency: ms(100), Peak: ms(100),
				P95:      ptr(92682 * us), // the middle of [65,536, 131,072) µs: 65,536 × 2^½
				LastUsed: after(-time.Second), ComputedAt: noon,
			},
		},
		"a failure has no latency and costs its timeout": {
			[]metrics.Event{create(-time.Second, time.Millisecond, fault.Server)},
			metrics.Summary{Tally: metrics.Tally{Bad: 1}, Peak: ms(5000), LastUsed: after(-time.Second), ComputedAt: noon},
		},
		"no capacity is no evidence; a throttle is counted": {
			[]metrics.Event{create(-time.Second, time.Second, fault.Capacity), create(-time.Second, time.Second, fault.Throttle)},
			metrics.Summary{Throttled: 1, LastUsed: after(-time.Second), ComputedAt: noon},
		},
		"the newer minute weighs more, the peak falls slowly": {
			[]metrics.Event{create(-3*time.Minute, time.Second, fault.None), create(-2*time.Minute, 100*time.Millisecond, fault.None)},
			metrics.Summary{
				Tally:    metrics.Tally{Good: 2},
				Latency:  ptr(342047 * us), // (1,000/e + 100) / (1/e + 1)
				Peak:     ptr(431091 * us), // 100 + 900/e
				P95:      ptr(741455 * us), // 524,288 µs × 2^½
				LastUsed: after(-2 * time.Minute), ComputedAt: noon,
			},
		},
		"reads, health checks, and what is older or newer are not counted": {
			[]metrics.Event{
				{Operation: broker.GetInstanceStatus, Ended: after(-time.Minute)},
				{Operation: broker.HealthCheck, Ended: after(-time.Minute)},
				create(-time.Hour-time.Second, time.Second, fault.None),
				create(time.Minute, time.Second, fault.None),
			},
			metrics.Summary{LastUsed: after(-3 * time.Hour), ComputedAt: noon},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := metrics.Summarize(broker.ClassMutate, rowsOf(c.events), earlier, noon)
			for _, d := range []*time.Duration{got.Latency, got.Peak, got.P95} {
				if d != nil {
					*d = d.Round(time.Microsecond)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func ptr[T any](v T) *T { return &v }

func TestASummaryOfReadsLeavesOutHealthChecks(t *testing.T) {
	rows := rowsOf([]metrics.Event{
		{Operation: broker.HealthCheck, Ended: noon},
		{Operation: broker.GetInstanceStatus, Ended: noon},
		{Operation: broker.ValidateTemplate, Ended: noon},
		{Operation: broker.CreateInstances, Ended: noon},
	})
	if got := metrics.Summarize(broker.ClassRead, rows, metrics.Summary{}, noon).Good; got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestASummaryDoesNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rows := rowsOf(drawEvents(r, 15, after(-time.Hour), noon))
		one := metrics.Summarize(broker.ClassMutate, rows, metrics.Summary{}, noon)
		two := metrics.Summarize(broker.ClassMutate, rapid.Permutation(rows).Draw(r, "shuffled"), metrics.Summary{}, noon)
		if diff := cmp.Diff(one, two); diff != "" {
			r.Errorf("the order matters:\n%s", diff)
		}
		doc, err := json.Marshal(one)
		var read metrics.Summary
		if err == nil {
			err = json.Unmarshal(doc, &read)
		}
		if diff := cmp.Diff(one, read); diff != "" || err != nil || len(doc) > 250 {
			r.Errorf("%v, %d bytes, -written +read:\n%s", err, len(doc), diff)
		}
	})
}

func TestASummaryHasAnAge(t *testing.T) {
	made := metrics.Summary{Tally: metrics.Tally{Good: 3, Bad: 1}, ComputedAt: noon}
	for _, c := range []struct {
		now     time.Time
		age     time.Duration
		current bool
	}{
		{noon, 0, true},
		{after(-time.Hour), 0, true},
		{after(time.Minute), time.Minute, true},
		{after(5*time.Minute - 1), 5*time.Minute - 1, true},
		{after(5 * time.Minute), 5 * time.Minute, false},
	} {
		age, ok := made.Age(c.now)
		if !ok || age != c.age || made.Current(c.now) != c.current {
			t.Errorf("at %v: got %v, %v, current %v", c.now, age, ok, made.Current(c.now))
		}
	}
	var never metrics.Summary
	if _, ok := never.Age(noon); ok || never.Current(noon) {
		t.Error("one that was never made has an age")
	}
	if _, ok := never.SuccessRate(); ok {
		t.Error("one that was never made has a success rate")
	}
	if rate, ok := made.SuccessRate(); !ok || rate != 0.75 {
		t.Errorf("got %v, %v", rate, ok)
	}
}

func TestFreshness(t *testing.T) {
	for age, want := range map[time.Duration]float64{-time.Second: 1, 0: 1, 30 * time.Second: math.Sqrt2 / 2, time.Minute: 0.5, 2 * time.Minute: 0.25, time.Hour: 0} {
		if got := metrics.Freshness(age); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: got %v, want %v", age, got, want)
		}
	}
}
