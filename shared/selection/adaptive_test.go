package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestWithEqualFiguresAdaptiveIsWeightedRoundRobinExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls := float64(rapid.IntRange(0, 500).Draw(t, "calls"))
		m := broker.Measured{Calls: calls, Successes: calls * rapid.Float64Range(0, 1).Draw(t, "rate")}
		if rapid.Bool().Draw(t, "timed") {
			m.Peak = ptr(time.Duration(rapid.IntRange(0, 1e9).Draw(t, "peak")))
		}
		equal := []func(*broker.ProviderView){did(m)}
		if rapid.Bool().Draw(t, "limited") {
			equal = append(equal, room(rapid.IntRange(1, 9).Draw(t, "free"), 9))
		}
		s := weighted(rapid.SliceOfN(rapid.IntRange(1, 1000), 2, 12).Draw(t, "weights"), equal...)
		one, other := newSeries(broker.Adaptive, s, create()), newSeries(broker.WeightedRoundRobin, s, create())
		for ticket := range 100 {
			one.pick(ticket)
			other.pick(ticket)
			if diff := cmp.Diff(other.result.Ranked(), one.result.Ranked()); diff != "" {
				t.Fatalf("ticket %d: %s", ticket, diff)
			}
		}
	})
}

// Three of weight 100 set the medians; the fourth differs.
func TestAdaptiveWeightsFollowTheFigures(t *testing.T) {
	usual := []func(*broker.ProviderView){
		did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(100 * time.Millisecond)}), room(50, 100),
	}
	for name, c := range map[string]struct {
		other func(*broker.ProviderView)
		want  float64 // turns against those of another
	}{
		"as the others":             {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(100 * time.Millisecond)}), 1},
		"twice as slow":             {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(200 * time.Millisecond)}), 0.5},
		"twice as fast":             {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(50 * time.Millisecond)}), 2},
		"a thousand times as slow":  {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(100 * time.Second)}), 0.125},
		"a thousand times as fast":  {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(100 * time.Microsecond)}), 8},
		"half of the calls fail":    {did(broker.Measured{Calls: 1e6, Successes: 5e5, Peak: ptr(100 * time.Millisecond)}), 0.25},
		"all calls fail":            {did(broker.Measured{Calls: 1e6, Peak: ptr(100 * time.Millisecond)}), 0.125},
		"half the room":             {room(25, 100), 0.5},
		"all the room":              {room(100, 100), 2},
		"nothing is known":          {func(v *broker.ProviderView) { v.Measured, v.Room = nil, nil }, 1},
		"a little slower":           {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(102 * time.Millisecond)}), 1},
		"slow and with much room":   {func(v *broker.ProviderView) { v.Room = &broker.Room{Free: 100, Limit: 100}; v.Measured = did4(v, 400) }, 0.5},
		"nothing took any time yet": {did(broker.Measured{Calls: 1e6, Successes: 1e6, Peak: ptr(time.Duration(0))}), 8},
	} {
		t.Run(name, func(t *testing.T) {
			s := weighted([]int{100, 100, 100, 100}, usual...)
			c.other(&s.Providers[3])
			counts := newSeries(broker.Adaptive, s, create()).counts(int(32 * (3 + c.want))) // whole periods
			if got := float64(counts["a03"]) / float64(counts["a00"]); got != c.want {
				t.Errorf("got %v of the turns of another, want %v: %v", got, c.want, counts)
			}
		})
	}
}

// did4 is v's measurements with another peak, in ms.
func did4(v *broker.ProviderView, peak int) map[string]broker.Measured {
	m := v.Measured[broker.ClassMutate]
	m.Peak = ptr(time.Duration(peak) * time.Millisecond)
	return map[string]broker.Measured{broker.ClassMutate: m}
}

func TestTheAdaptiveScheduleStandsStillWhileFiguresOnlyTremble(t *testing.T) {
	picks := func(jitter int) string {
		s := weighted([]int{100, 50, 75})
		for i := range s.Providers {
			latency := 100*time.Millisecond + time.Duration((i*7+jitter*5)%5-2)*time.Millisecond
			did(broker.Measured{Calls: 1000, Successes: float64(995 - (i+jitter)%3), Peak: &latency})(&s.Providers[i])
		}
		series, all := newSeries(broker.Adaptive, s, create()), ""
		for ticket := range 50 {
			all += series.pick(ticket)
		}
		return all
	}
	for jitter := range 5 {
		if picks(jitter) != picks(0) {
			t.Errorf("the schedule moved with jitter %d", jitter)
		}
	}
}

func TestAdaptiveNeverStarvesAnybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 100), 2, 9).Draw(t, "weights")
		s := weighted(weights)
		for i := range s.Providers {
			did(drawMeasured(t))(&s.Providers[i])
		}
		counts := newSeries(broker.Adaptive, s, create()).counts(1024 + len(weights))
		for _, v := range s.Providers {
			if counts[v.Name] == 0 {
				t.Fatal(fmt.Sprint(v.Name, " has no turn: ", counts))
			}
		}
	})
}
