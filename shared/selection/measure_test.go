package selection_test

import (
	"slices"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestEvery33rdTicketGoesToWhoWasNotHeardOfForTheLongestTime(t *testing.T) {
	heard := func(ago time.Duration, latency time.Duration) func(*broker.ProviderView) {
		return did(broker.Measured{At: noon.Add(-ago), Calls: 1000, Successes: 1000 - latency.Seconds(), Peak: &latency})
	}
	s := snapshot( // "old" is the worst by every measure, and in the tier of the pick
		provider("a", heard(time.Second, 10*time.Second), price(1)), provider("b", heard(2*time.Second, 11*time.Second), price(1)),
		provider("old", heard(30*time.Second, 900*time.Second), price(9), weight(1)), provider("lower", priority(1)),
		provider("sick", health(broker.Unhealthy)),
	)
	for _, policy := range measures {
		picks := newSeries(policy, s, create(reads))
		for ticket := range 100 {
			name := picks.pick(ticket)
			if ticket%33 == 0 && name != "old" {
				t.Errorf("%s: ticket %d goes to %s", policy, ticket, name)
			}
			if policy != broker.Adaptive && ticket%33 != 0 && name == "old" {
				t.Errorf("%s: ticket %d goes to %s", policy, ticket, name)
			}
		}
		creates := newSeries(policy, s, create())
		if creates.pick(0); policy != broker.Adaptive && slices.Index(creates.result.Ranked(), "old") == 0 {
			t.Errorf("%s: a create explores", policy)
		}
	}
}

func TestCreatesExploreWhenConfiguredTo(t *testing.T) {
	s := snapshot(provider("a", did(broker.Measured{})), provider("b", did(broker.Measured{At: noon.Add(-time.Hour)}), price(9)))
	for _, explore := range []bool{false, true} {
		s.Config.ExploreCreates = explore
		if got := newSeries(broker.CostOptimized, s, create()).pick(66) == "b"; got != explore {
			t.Errorf("configured %v: explores %v", explore, got)
		}
	}
}

func TestSeveralNeverHeardOfAreExploredInTurn(t *testing.T) {
	picks := newSeries(broker.FastestResponse, snapshot(many("a b c")...), create(reads))
	got := ""
	for k := range 6 {
		got += picks.pick(33 * k)
	}
	if got != "abcabc" {
		t.Error(got)
	}
}

func TestOtherPoliciesDoNotExplore(t *testing.T) {
	s := snapshot(provider("a", did(broker.Measured{})), provider("b"), provider("c"))
	picks := newSeries(broker.RoundRobin, s, create(reads))
	if got := picks.pick(33) + picks.pick(66) + picks.pick(34); got != "aab" {
		t.Error(got)
	}
}

// A member of four that ramps up has 10 % of its share at first, 55 % after
// 30 s, and all after 60 s.
func TestSlowStartGrowsFromATenthToAllWithinAMinute(t *testing.T) {
	const tickets = 20_000
	for _, policy := range measures {
		full := newSeries(policy, snapshot(many("a b c d")...), create()).counts(tickets)["a"]
		for ago, part := range map[time.Duration]float64{0: 0.1, 30 * time.Second: 0.55, 59 * time.Second: 0.985, time.Minute: 1, time.Hour: 1} {
			s := snapshot(append(many("b c d"), provider("a", ramping(ago)))...)
			got := float64(newSeries(policy, s, create()).counts(tickets)["a"]) / float64(full)
			if got < part-0.03 || got > part+0.03 {
				t.Errorf("%s, %v after: %.3f of its share, want %.3f", policy, ago, got, part)
			}
		}
	}
}

func TestWhoSitsOutIsNextInLineAndNotLost(t *testing.T) {
	picks := newSeries(broker.CostOptimized, snapshot(provider("a", ramping(0)), provider("b", price(2)), provider("c", price(3))), create())
	for ticket := range 100 {
		name := picks.pick(ticket)
		last := picks.result.Ranked()[2]
		if len(picks.result.Ranked()) != 3 || name == "b" && last != "a" || name == "c" {
			t.Fatalf("ticket %d: %v", ticket, picks.result.Ranked())
		}
	}
}

func TestWhenAllSitOutNobodyDoes(t *testing.T) {
	s := snapshot(provider("a", ramping(0), price(2)), provider("b", ramping(0)))
	counts := newSeries(broker.CostOptimized, s, create()).counts(10_000)
	// Of 100 decisions 81 have both sitting out and so both taking part, and 1
	// has both taking part: b, the cheaper, gets these and the 9 that it has
	// alone.
	if counts["b"] < 8_900 || counts["b"] > 9_300 {
		t.Error(counts)
	}
}

func TestARampDegradesUnderPoliciesThatDoNotMeasure(t *testing.T) {
	s := snapshot(provider("a", ramping(59*time.Second)), provider("b", priority(1)))
	for _, policy := range selection.Policies() {
		want := "b"
		if slices.Contains(measures, policy) {
			want = "a"
		}
		if got := newSeries(policy, s, create()).pick(1); got != want {
			t.Errorf("%s: %s, want %s", policy, got, want)
		}
	}
}

func TestAPreferredOneThatRampsUpIsNotDegradedUnderPoliciesThatMeasure(t *testing.T) {
	s, r := snapshot(provider("a"), provider("b", ramping(time.Second))), criteria(broker.Criteria{PreferStrategies: []string{"b"}})
	for policy, want := range map[broker.Policy]string{broker.FastestResponse: "b", broker.RoundRobin: "a"} {
		if got := newSeries(policy, s, r).pick(1); got != want {
			t.Errorf("%s: %s, want %s", policy, got, want)
		}
	}
}
