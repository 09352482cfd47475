package selection_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// weighted is a tier of providers a00, a01, … with these weights.
func weighted(weights []int, changes ...func(*broker.ProviderView)) broker.Snapshot {
	s := snapshot()
	for i, w := range weights {
		s.Providers = append(s.Providers, provider(fmt.Sprintf("a%02d", i), append(changes, weight(w), order(int64(i)))...))
	}
	return s
}

// reduced divides weights by what they have in common, and sums them up.
func reduced(weights []int) (units []int, sum int) {
	divisor := 0
	for _, w := range weights {
		for a := w; a != 0; {
			divisor, a = a, divisor%a
		}
	}
	for _, w := range weights {
		units = append(units, w/divisor)
		sum += w / divisor
	}
	return units, sum
}

// checkPrefixes holds two periods of picks to Tijdeman's bound at every prefix,
// in whole numbers, and returns the largest deviation.
func checkPrefixes(t rapid.TB, s *series, units []int, sum int) float64 {
	counts, worst := make([]int, len(units)), 0
	for ticket := range 2 * sum {
		var i int
		if _, err := fmt.Sscanf(s.pick(ticket), "a%d", &i); err != nil {
			t.Fatal(err)
		}
		counts[i]++
		for k, u := range units {
			off := counts[k]*sum - u*(ticket+1) // the deviation times sum
			worst = max(worst, off, -off)
			if spread := 2*len(units) - 2; max(off, -off)*spread > sum*(spread-1) {
				t.Fatalf("after %d of %d picks %v has %d of %d", ticket+1, sum, units, counts[k], u)
			}
			if (ticket+1)%sum == 0 && off != 0 {
				t.Fatalf("%d of %d in %d whole periods", counts[k], u, (ticket+1)/sum)
			}
		}
	}
	return float64(worst) / float64(sum)
}

func TestWeightedTurnsStayWithinTijdemansBoundAtEveryPrefixAndAreExactOverAPeriod(t *testing.T) {
	worst, n := 0.0, 0
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 50), 2, 20).Draw(t, "weights")
		units, sum := reduced(weights)
		if off := checkPrefixes(t, newSeries(broker.WeightedRoundRobin, weighted(weights), create()), units, sum); off > worst {
			worst, n = off, len(weights)
		}
	})
	t.Logf("largest deviation: %.3f of %.3f, with %d providers", worst, 1-1/float64(2*n-2), n)
}

func TestOrdersThatAreTooLongForTheBoundsOfOthersKeepIt(t *testing.T) {
	for _, weights := range [][]int{
		{1, 1}, {999, 1}, {1, 999}, {500, 499, 1}, {5, 1, 1}, // nginx's example
		{1, 1, 1, 1, 1, 1, 1, 1, 1, 9}, {100, 99, 98, 97, 96, 95, 94, 93, 92, 91}, {512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 1},
	} {
		units, sum := reduced(weights)
		t.Run(fmt.Sprint(weights), func(t *testing.T) {
			checkPrefixes(t, newSeries(broker.WeightedRoundRobin, weighted(weights), create()), units, sum)
		})
	}
}

func TestWeightsOfALargeSumAreReducedByLessThanOneTurnAndNobodyLosesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, 1000), rapid.IntRange(900, 1000)), 2, 12).Draw(t, "weights")
		given, sum := reduced(weights)
		if sum <= 1024 {
			return
		}
		s := newSeries(broker.WeightedRoundRobin, weighted(weights), create())
		units, period := largestRemainder(given, sum)
		checkPrefixes(t, s, units, period)
		for i, u := range units {
			quota := float64(given[i]) * 1024 / float64(sum)
			if d := float64(u) - quota; d >= 1 || d <= -1 || u == 0 {
				t.Fatalf("%d turns for a quota of %v", u, quota)
			}
		}
	})
}

// largestRemainder gives 1,024 turns out by hand: whole parts first, then one
// each by what is left over.
func largestRemainder(weights []int, sum int) (units []int, period int) {
	units = make([]int, len(weights))
	given := 0
	for i, w := range weights {
		units[i] = w * 1024 / sum
		given += units[i]
	}
	got := map[int]bool{}
	for ; given < 1024; given++ {
		best := -1
		for i, w := range weights {
			if !got[i] && (best < 0 || w*1024%sum > weights[best]*1024%sum) {
				best = i
			}
		}
		got[best] = true
		units[best]++
	}
	for i := range units {
		units[i] = max(units[i], 1)
		period += units[i]
	}
	return units, period
}

func TestScalingAllWeightsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 100), 2, 9).Draw(t, "weights")
		factor := rapid.IntRange(2, 10).Draw(t, "factor")
		var scaled []int
		for _, w := range weights {
			scaled = append(scaled, w*factor)
		}
		one := newSeries(broker.WeightedRoundRobin, weighted(weights), create())
		other := newSeries(broker.WeightedRoundRobin, weighted(scaled), create())
		for ticket := range 200 {
			one.pick(ticket)
			other.pick(ticket)
			if diff := cmp.Diff(one.result.Ranked(), other.result.Ranked()); diff != "" {
				t.Fatalf("ticket %d: %s", ticket, diff)
			}
		}
	})
}

func TestEqualWeightsTakeTurnsAsRoundRobinDoes(t *testing.T) {
	for _, n := range []int{2, 3, 7, 64, 65} {
		weights := make([]int, n)
		for i := range weights {
			weights[i] = 70
		}
		one := newSeries(broker.WeightedRoundRobin, weighted(weights), create())
		other := newSeries(broker.RoundRobin, weighted(weights), create())
		for ticket := range 2 * n {
			one.pick(ticket)
			other.pick(ticket)
			if diff := cmp.Diff(other.result.Ranked(), one.result.Ranked()); diff != "" {
				t.Fatalf("of %d, ticket %d: %s", n, ticket, diff)
			}
		}
	}
}

func TestAScheduleOfAThousandIsExact(t *testing.T) {
	weights := make([]int, 1000)
	for i := range weights {
		weights[i] = 1 + i%2
	}
	s := snapshot()
	for i, w := range weights {
		s.Providers = append(s.Providers, provider(fmt.Sprintf("a%04d", i), weight(w)))
	}
	counts := newSeries(broker.WeightedRoundRobin, s, create()).counts(1024)
	// 1,500 turns are too many for a period of 1,024, where ⅔ and 1⅓ turns are
	// due: each has one, and 24 of those with the larger remainder have two.
	twos := 0
	for name, n := range counts {
		if n == 2 {
			twos++
		}
		if n != 1 && n != 2 {
			t.Errorf("%s has %d turns", name, n)
		}
	}
	if len(counts) != 1000 || twos != 24 {
		t.Errorf("%d have turns, %d of them two", len(counts), twos)
	}
}

func TestWeightZeroIsNeverPickedByAnyPolicy(t *testing.T) {
	for _, policy := range []broker.Policy{
		"FIRST_AVAILABLE", "ROUND_ROBIN", "WEIGHTED_ROUND_ROBIN", "LEAST_CONNECTIONS", "FASTEST_RESPONSE", "HIGHEST_SUCCESS_RATE",
		"CAPABILITY_BASED", "HEALTH_BASED", "RANDOM", "COST_OPTIMIZED", "GEOGRAPHIC", "ADAPTIVE", "STICKY",
	} {
		s := newSeries(policy, weighted([]int{100, 0, 3, 0, 50}), create(reads))
		for ticket := range 200 {
			if name := s.pick(ticket); name == "a01" || name == "a03" || len(s.result.Ranked()) != 3 {
				t.Fatalf("%s: %v", policy, s.result.Ranked())
			}
		}
	}
}
