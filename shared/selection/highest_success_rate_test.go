package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func rated(successes, calls float64) func(*broker.ProviderView) {
	return did(broker.Measured{Successes: successes, Calls: calls})
}

func TestThreeOfThreeDoesNotBeat990Of1000(t *testing.T) {
	s := newSeries(broker.HighestSuccessRate, snapshot(provider("few", rated(3, 3)), provider("many", rated(990, 1000))), create())
	counts := s.counts(10_000)
	if counts["few"] > 5_150 || counts["many"] > 5_150 { // three standard deviations
		t.Errorf("they cannot be told apart, and had %v", counts)
	}
	busier := newSeries(broker.HighestSuccessRate, snapshot(
		provider("few", rated(3, 3)), provider("many", rated(990, 1000)), provider("bad", rated(400, 1000)),
	), create()).counts(10_000)
	if busier["bad"] != 0 || busier["few"] > 5_150 {
		t.Errorf("with a bad one beside them: %v", busier)
	}
}

func TestAmongEqualsTheOneWithFewerInFlightIsTaken(t *testing.T) {
	s := newSeries(broker.HighestSuccessRate, snapshot(
		provider("a", rated(990, 1000), func(v *broker.ProviderView) {
			v.Live = map[string]broker.Live{broker.ClassMutate: {InFlight: map[int64]int64{noon.Unix() / 60: 3}}}
		}),
		provider("b", rated(985, 1000)),
	), create())
	if got := s.counts(500); got["b"] != 500 {
		t.Error(got)
	}
}

func TestTheWorseFollowInTheOrderOfTheirRates(t *testing.T) {
	s := newSeries(broker.HighestSuccessRate, snapshot(
		provider("c", rated(500, 1000)), provider("b", rated(700, 1000)), provider("a", rated(900, 1000)), provider("d", rated(100, 1000)),
	), create())
	for ticket := range 100 {
		if s.pick(ticket); fmt.Sprint(s.result.Ranked()) != "[a b c d]" {
			t.Fatal(s.result.Ranked())
		}
	}
}

func TestWithoutAnyCallsAllAreEqual(t *testing.T) {
	counts := newSeries(broker.HighestSuccessRate, snapshot(many("a b c")...), create()).counts(9_000)
	if x := chiSquare(counts, map[string]float64{"a": 1. / 3, "b": 1. / 3, "c": 1. / 3}); x > 13.8 {
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

// call is one that ended at a second.
type call struct {
	second int
	good   bool
}

// window counts the calls of the last so many seconds.
func window(calls []call, second, long int) (m broker.Measured) {
	for _, c := range calls {
		m.At = noon.Add(time.Duration(c.second) * time.Second)
		if second-c.second >= long {
			continue
		}
		if m.Calls++; c.good {
			m.Successes++
		}
	}
	return m
}

// A provider that had a bad hour and mended is asked again: for reads because
// one ticket in 33 explores, for creates because what was measured leaves the
// window, and leaves the common rate behind.
func TestNobodyStarvesUnderHighestSuccessRate(t *testing.T) {
	for name, c := range map[string]struct {
		request selection.Request
		window  int // seconds
		least   int // of 1,800 calls
	}{
		"reads, of which nothing is forgotten": {create(reads), 1 << 30, 1800 / 33},
		"creates, of the last ten minutes":     {create(), 600, 300},
	} {
		t.Run(name, func(t *testing.T) {
			calls := map[string][]call{}
			for range 100 {
				calls["a"] = append(calls["a"], call{})
				calls["b"], calls["c"] = append(calls["b"], call{good: true}), append(calls["c"], call{good: true})
			}
			late := 0
			for second := range 3600 {
				s := snapshot()
				for _, name := range []string{"a", "b", "c"} {
					s.Providers = append(s.Providers, provider(name, did(window(calls[name], second, c.window))))
				}
				pick := newSeries(broker.HighestSuccessRate, s, c.request).pick(second + 1)
				calls[pick] = append(calls[pick], call{second, true}) // from now on all succeed
				if pick == "a" && second >= 1800 {
					late++
				}
			}
			if late < c.least {
				t.Errorf("the one that mended got %d of 1,800 calls", late)
			}
			t.Logf("the one that mended got %d of 1,800 calls", late)
		})
	}
}
