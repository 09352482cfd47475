package selection_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// loaded is a tier of n providers with what is drawn in flight.
func loaded(t *rapid.T, n int) broker.Snapshot {
	weights := make([]int, n)
	for i := range weights {
		weights[i] = rapid.SampledFrom([]int{100, 100, 50, 200}).Draw(t, "weight")
	}
	s := weighted(weights)
	for i := range s.Providers {
		busy(rapid.Int64Range(0, 5).Draw(t, "busy"))(&s.Providers[i])
	}
	return s
}

func TestMoreInFlightNeverWinsATicketUnderLeastConnections(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := loaded(t, rapid.IntRange(2, 30).Draw(t, "n"))
		s.TakenAt = noon.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "age"))
		before := newSeries(broker.LeastConnections, s, create())
		v := &s.Providers[rapid.IntRange(0, len(s.Providers)-1).Draw(t, "which")]
		busy(v.Live[broker.ClassMutate].InFlight[noon.Unix()/60] + rapid.Int64Range(1, 4).Draw(t, "more"))(v)
		after := newSeries(broker.LeastConnections, s, create())
		for ticket := range 200 {
			if was, is := before.pick(ticket), after.pick(ticket); is == v.Name && was != v.Name {
				t.Fatalf("ticket %d goes to %s and went to %s", ticket, is, was)
			}
		}
	})
}

func TestFewAndFreshTheTrueMinimumIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := loaded(t, rapid.IntRange(2, 16).Draw(t, "n"))
		s.TakenAt = noon.Add(-time.Duration(rapid.IntRange(0, 2000).Draw(t, "age")) * time.Millisecond)
		name := newSeries(broker.LeastConnections, s, create()).pick(rapid.IntRange(0, 99).Draw(t, "ticket"))
		picked := 0.0
		for _, v := range s.Providers {
			if v.Name == name {
				picked = load(v, s.TakenAt)
			}
		}
		for _, v := range s.Providers {
			if load(v, s.TakenAt) < picked {
				t.Fatalf("%s with %v was picked, %s has %v", name, picked, v.Name, load(v, s.TakenAt))
			}
		}
	})
}

func TestOldDataOrManyProvidersAreNotTrustedToShowTheMinimum(t *testing.T) {
	for name, c := range map[string]struct {
		providers int
		age       time.Duration
		trusted   bool
	}{
		"16 and 2 s":          {16, 2 * time.Second, true},
		"17":                  {17, 0, false},
		"older than 2 s":      {16, 2*time.Second + 1, false},
		"a clock that is off": {3, -time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			weights := make([]int, c.providers)
			for i := range weights {
				weights[i] = 100
			}
			s := weighted(weights, busy(1))
			busy(0)(&s.Providers[1])
			s.TakenAt = noon.Add(-c.age)
			counts := newSeries(broker.LeastConnections, s, create()).counts(2000)
			if all := counts["a01"] == 2000; all != c.trusted {
				t.Errorf("the least loaded had %d of 2000", counts["a01"])
			}
			// Drawn with one of 15 or 16 others: with a chance of 2 in n.
			if share := float64(counts["a01"]) / 2000; !c.trusted && (share < 0.09 || share > 0.16) {
				t.Errorf("the least loaded had %v of the picks", share)
			}
		})
	}
}

// Of 10,000 picks none ends, and figures are renewed after every eighth: plain
// chance would leave the fullest about 25 above the mean.
func TestTwoChoicesKeepAHundredProvidersLevel(t *testing.T) {
	weights := make([]int, 100)
	for i := range weights {
		weights[i] = 100
	}
	s := weighted(weights)
	counts := map[string]int64{}
	most := int64(0)
	for ticket := 0; ticket < 10_000; ticket += 8 {
		for i := range s.Providers {
			busy(counts[s.Providers[i].Name])(&s.Providers[i])
		}
		picks := newSeries(broker.LeastConnections, s, create())
		for k := range 8 {
			name := picks.pick(ticket + k)
			counts[name]++
			most = max(most, counts[name])
		}
	}
	if most > 105 || len(counts) != 100 {
		t.Errorf("the fullest has %d, the mean is 100; %d were picked", most, len(counts))
	}
	t.Logf("the fullest has %d, the mean is 100", most)
}

func TestTheLoadCountsCallsOfBothClasses(t *testing.T) {
	reading := provider("a", func(v *broker.ProviderView) {
		v.Live = map[string]broker.Live{broker.ClassRead: {InFlight: map[int64]int64{noon.Unix() / 60: 2}}}
	})
	s := newSeries(broker.LeastConnections, snapshot(reading, provider("b", busy(1))), create())
	if got := s.counts(10); got["b"] != 10 {
		t.Error(got)
	}
}
