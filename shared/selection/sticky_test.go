package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// keyed returns the ranked list of each of so many affinity keys.
func keyed(s broker.Snapshot, keys int) [][]string {
	q := selection.Compile(&s).Prepare(create())
	var dst selection.Result
	lists := make([][]string, keys)
	for k := range lists {
		selection.Select(&dst, selection.Input{Query: q, Policy: broker.Sticky, AffinityKey: fmt.Sprint("key-", k), Now: noon})
		lists[k] = dst.Ranked()
	}
	return lists
}

func TestAProviderThatGoesTakesOnlyItsOwnKeysAlong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 100), 2, 20).Draw(t, "weights")
		if rapid.Bool().Draw(t, "even") {
			for i := range weights {
				weights[i] = 100
			}
		}
		s := weighted(weights)
		before := keyed(s, 100)
		gone := rapid.IntRange(0, len(weights)-1).Draw(t, "gone")
		name := s.Providers[gone].Name
		s.Providers = append(s.Providers[:gone:gone], s.Providers[gone+1:]...)
		for k, list := range keyed(s, 100) {
			want := before[k][0]
			if want == name {
				want = before[k][1] // who was next for the key
			}
			if list[0] != want {
				t.Fatalf("key %d went from %s to %s when %s went", k, before[k][0], list[0], name)
			}
		}
	})
}

func TestKeysSpreadByWeight(t *testing.T) {
	for name, c := range map[string]struct {
		weights []int
		want    map[string]float64
	}{
		"equal":   {[]int{7, 7, 7, 7}, map[string]float64{"a00": 0.25, "a01": 0.25, "a02": 0.25, "a03": 0.25}},
		"unequal": {[]int{10, 20, 30, 40}, map[string]float64{"a00": 0.1, "a01": 0.2, "a02": 0.3, "a03": 0.4}},
	} {
		t.Run(name, func(t *testing.T) {
			counts := map[string]int{}
			for _, list := range keyed(weighted(c.weights), 30_000) {
				counts[list[0]]++
			}
			if x := chiSquare(counts, c.want); x > 16.3 { // 99.9 % of 3 degrees
				t.Errorf("chi-square %v: %v", x, counts)
			}
		})
	}
}

func TestAKeyStaysWhateverTicketSeedAndTime(t *testing.T) {
	s := weighted([]int{1, 2, 3, 4, 5})
	q := selection.Compile(&s).Prepare(create())
	in := selection.Input{Query: q, Policy: broker.Sticky, AffinityKey: "job-1", Now: noon}
	var one, other selection.Result
	selection.Select(&one, in)
	for i := range 20 {
		in.Ticket, in.Seed, in.Now = int64(i), fmt.Sprint(i), noon.Add(time.Duration(i)*time.Hour)
		selection.Select(&other, in)
		if diff := cmp.Diff(one.Ranked(), other.Ranked()); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestWithoutAKeyEachSeedIsOneOfItsOwn(t *testing.T) {
	counts := newSeries(broker.Sticky, weighted([]int{1, 1, 2}), create()).counts(20_000)
	if x := chiSquare(counts, map[string]float64{"a00": 0.25, "a01": 0.25, "a02": 0.5}); x > 13.8 { // 99.9 % of 2 degrees
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

func TestWhoHasReachedAQuarterMoreThanItsShareIsPassedOverForTheNextOfTheKey(t *testing.T) {
	list := keyed(weighted([]int{100, 100, 100}), 1)[0]
	for name, c := range map[string]struct {
		calls, others int64
		passed        bool
	}{
		// 1¼ × (calls + 1) / 3 is the share.
		"nothing in flight":   {0, 0, false},
		"the first":           {1, 0, true}, // 0.83
		"among others":        {2, 2, false},
		"at the share":        {5, 3, true}, // 1¼ × 12 / 3 = 5
		"just below it":       {4, 3, false},
		"far above":           {50, 10, true},
		"all have their fill": {10, 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := weighted([]int{100, 100, 100}, busy(c.others))
			for i := range s.Providers {
				if s.Providers[i].Name == list[0] {
					busy(c.calls)(&s.Providers[i])
				}
			}
			want := list
			if c.passed {
				want = []string{list[1], list[2], list[0]}
			}
			if diff := cmp.Diff(want, keyed(s, 1)[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheFullShareIsInProportionToTheWeight(t *testing.T) {
	for calls, full := range map[int64]bool{
		3:  false, // of 1¼ × 4 × ¾ = 3.75
		14: false, // of 1¼ × 15 × ¾ = 14.06
		15: true,  // of 1¼ × 16 × ¾ = 15
	} {
		s := weighted([]int{300, 100})
		busy(calls)(&s.Providers[0])
		heavy := 0
		for _, list := range keyed(s, 400) {
			if list[0] == "a00" {
				heavy++
			}
		}
		if full && heavy != 0 || !full && (heavy < 260 || heavy > 340) {
			t.Errorf("with %d calls the heavy one has %d of 400 keys", calls, heavy)
		}
	}
}
