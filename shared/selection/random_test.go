package selection_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestRandomIsUniform(t *testing.T) {
	s := weighted([]int{100, 100, 100, 100, 100, 100, 100, 100, 100, 100})
	picks := newSeries(broker.Random, s, create())
	first, second := map[string]int{}, map[string]int{}
	want := map[string]float64{}
	for _, v := range s.Providers {
		want[v.Name] = 0.1
	}
	for seed := range 50_000 {
		first[picks.pick(seed)]++
		second[picks.result.Ranked()[1]]++
	}
	for place, counts := range []map[string]int{first, second} {
		if x := chiSquare(counts, want); x > 27.9 { // 99.9 % of 9 degrees
			t.Errorf("place %d: chi-square %v: %v", place+1, x, counts)
		}
	}
}

func TestRandomFollowsWeights(t *testing.T) {
	counts := newSeries(broker.Random, weighted([]int{10, 20, 30, 40}), create()).counts(50_000)
	want := map[string]float64{"a00": 0.1, "a01": 0.2, "a02": 0.3, "a03": 0.4}
	if x := chiSquare(counts, want); x > 16.3 { // 99.9 % of 3 degrees
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

// The members of a tier lie far apart among those of their priority, so that
// few are found by the first draws.
func TestRandomIsUniformAmongFewOfMany(t *testing.T) {
	s := snapshot()
	want := map[string]float64{}
	for i := range 400 {
		v := provider(fmt.Sprintf("p%03d", i), weight(1+i%2), health(broker.Unhealthy))
		if i%10 == 7 || i%10 == 2 {
			v.Health.State = broker.Healthy
			want[v.Name] = float64(v.Weight) / 120 // 40 of 2 and 40 of 1
		}
		s.Providers = append(s.Providers, v)
	}
	counts := newSeries(broker.Random, s, create()).counts(50_000)
	if x := chiSquare(counts, want); x > 124.8 || len(counts) != 80 { // 99.9 % of 79 degrees
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

func TestRandomPicksTheSameBySeedWhateverTheTicketAndTheTime(t *testing.T) {
	s := weighted([]int{1, 2, 3, 4, 5})
	q := selection.Compile(&s).Prepare(create())
	seen := map[string]bool{}
	for i := range 50 {
		in := selection.Input{Query: q, Policy: broker.Random, Seed: fmt.Sprint(i), Now: noon}
		var one, other selection.Result
		selection.Select(&one, in)
		in.Ticket, in.Now = 99, noon.Add(5)
		selection.Select(&other, in)
		if diff := cmp.Diff(one.Ranked(), other.Ranked()); diff != "" {
			t.Fatalf("seed %d: %s", i, diff)
		}
		seen[fmt.Sprint(one.Ranked())] = true
	}
	if len(seen) < 20 {
		t.Errorf("50 seeds gave %d orders", len(seen))
	}
}
