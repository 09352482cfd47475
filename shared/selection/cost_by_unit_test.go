package selection_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestCostByUnitCases(t *testing.T) {
	free := func(v *broker.ProviderView) { v.PricePerHour = nil }
	lost := func(share float64) func(*broker.ProviderView) {
		return did(broker.Measured{Calls: 100, Successes: 100, Lost: &share})
	}
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		ticket    int64
		want      string
	}{
		"a dear machine of cheap units is cheap": {
			[]broker.ProviderView{provider("a", price(0.10), fills(1)), provider("b", price(0.30), fills(4))}, 0, "[b a]",
		},
		"of which the wish fills one, it is dear": {
			[]broker.ProviderView{provider("a", price(0.10), fills(1)), provider("b", price(0.30), fills(1))}, 0, "[a b]",
		},
		"without a weight it is worth one unit": {
			[]broker.ProviderView{provider("a", price(0.10)), provider("b", price(0.15), fills(2)), provider("c", price(0.24), fills(2))}, 0, "[b a c]",
		},
		"an unknown price is last, however many units": {
			[]broker.ProviderView{provider("a", free, fills(999)), provider("b", price(9), fills(1))}, 0, "[b a]",
		},
		"units that are taken back must be paid with the others": { // 0.09 / 0.75 = 0.12 of a unit
			[]broker.ProviderView{provider("a", price(0.36), fills(4), lost(0.25)), provider("b", price(0.1), fills(1), lost(0))}, 0, "[b a]",
		},
		// In binary 0.3 / 3 is less than 0.1.
		"units of the same price take turns": {
			[]broker.ProviderView{provider("a", price(0.1), fills(1)), provider("b", price(0.3), fills(3)), provider("c", price(0.7), fills(7))}, 1, "[b c a]",
		},
		"a millionth more is more": {
			[]broker.ProviderView{provider("a", price(0.3000003), fills(3)), provider("b", price(0.1), fills(1))}, 0, "[b a]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var r selection.Result
			s := snapshot(c.providers...)
			selection.Select(&r, selection.Input{Query: selection.Compile(&s).Prepare(create()), Policy: broker.CostOptimized, Ticket: c.ticket, Now: noon})
			if got := fmt.Sprint(r.Ranked()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestVerdictsShowThePriceOfAUnitAndWhatItIsMadeOf(t *testing.T) {
	read := func(v *broker.ProviderView) { v.PricedAt = noon.Add(-3 * time.Minute) }
	s := snapshot(
		provider("a", price(0.30), fills(4), read), provider("b", price(0.10), fills(1)),
		provider("c", fills(2), func(v *broker.ProviderView) { v.PricePerHour = nil }),
	)
	var got [][]string
	for _, v := range decide(s, create(), broker.CostOptimized).Verdicts() {
		got = append(got, []string{v.Provider, v.Value, v.Detail})
	}
	want := [][]string{
		{"a", "0.075 per delivered unit-hour, 100 % available", "0.3 per machine-hour for 4 units; price read 3m0s ago"},
		{"b", "0.1 per delivered unit-hour, 100 % available", "0.1 per machine-hour for a unit"},
		{"c", "price unknown, 100 % available", ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The limit is of a machine, whatever units it is worth.
func TestMaxCostPerHourIsOfAMachineAlsoInUnits(t *testing.T) {
	s := snapshot(provider("a", price(0.30), fills(4)), provider("b", price(0.10), fills(1)))
	if got := fmt.Sprint(decide(s, criteria(broker.Criteria{MaxCostPerHour: ptr(0.2)}), broker.CostOptimized).Ranked()); got != "[b]" {
		t.Errorf("got %s", got)
	}
}

// market draws providers with prices and figures; none is known of some.
func market(t *rapid.T) broker.Snapshot {
	s := snapshot()
	for i := range rapid.IntRange(2, 12).Draw(t, "n") {
		v := plain(i)
		v.Measured = map[string]broker.Measured{broker.ClassMutate: drawMeasured(t)}
		v.PricePerHour = nil
		if cents := rapid.IntRange(-5, 500).Draw(t, "cents"); cents >= 0 {
			v.PricePerHour = ptr(float64(cents) / 100)
		}
		s.Providers = append(s.Providers, v)
	}
	return s
}

// ranked is by COST_OPTIMIZED.
func ranked(s broker.Snapshot, ticket int64) []string {
	var r selection.Result
	selection.Select(&r, selection.Input{Query: selection.Compile(&s).Prepare(create()), Policy: broker.CostOptimized, Ticket: ticket, Now: noon})
	return r.Ranked()
}

// worth returns s with providers whose machines fill so many units.
func worth(s broker.Snapshot, units func(i int) float64) broker.Snapshot {
	s.Providers = slices.Clone(s.Providers)
	for i := range s.Providers {
		s.Providers[i].Fills = units(i)
	}
	return s
}

func TestEqualWeightsRankAsMachinesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ticket := market(t), rapid.Int64Range(0, 99).Draw(t, "ticket")
		units := float64(rapid.IntRange(1, 999).Draw(t, "units"))
		if diff := cmp.Diff(ranked(s, ticket), ranked(worth(s, func(int) float64 { return units }), ticket)); diff != "" {
			t.Fatalf("machines -, units +:\n%s", diff)
		}
	})
}

func TestScalingTheUnitsOfAllMachinesChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, ticket := market(t), rapid.Int64Range(0, 99).Draw(t, "ticket")
		weights := rapid.SliceOfN(rapid.IntRange(1, 30), len(s.Providers), len(s.Providers)).Draw(t, "weights")
		by := rapid.IntRange(1, 33).Draw(t, "by")
		one := worth(s, func(i int) float64 { return float64(weights[i]) })
		other := worth(s, func(i int) float64 { return float64(weights[i] * by) })
		if diff := cmp.Diff(ranked(one, ticket), ranked(other, ticket)); diff != "" {
			t.Fatalf("once -, %d times +:\n%s", by, diff)
		}
	})
}

// Nobody who is asked first is dearer by the unit than one who is as available.
func TestTheRegretByUnitIsZeroWhenAllAreAvailable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := snapshot()
		cents, units := []int{}, []int{}
		for i := range rapid.IntRange(2, 20).Draw(t, "n") {
			cents = append(cents, rapid.IntRange(1, 1000).Draw(t, "cents"))
			units = append(units, rapid.IntRange(1, 999).Draw(t, "units"))
			s.Providers = append(s.Providers, provider(fmt.Sprint(i), price(float64(cents[i])/100), fills(float64(units[i]))))
		}
		first := 0
		if _, err := fmt.Sscan(ranked(s, rapid.Int64Range(0, 99).Draw(t, "ticket"))[0], &first); err != nil {
			t.Fatal(err)
		}
		for i := range cents {
			if cents[i]*units[first] < cents[first]*units[i] { // in whole numbers
				t.Fatalf("%d cents for %d units are more than %d for %d", cents[first], units[first], cents[i], units[i])
			}
		}
	})
}

func TestEvidenceOfAWishInMachinesSaysNothingOfUnits(t *testing.T) {
	for counted, s := range map[string]broker.Snapshot{
		"machines": snapshot(provider("a"), provider("b")), "units": snapshot(provider("a", fills(2)), provider("b", fills(1))),
	} {
		var e struct {
			Providers []map[string]any `json:"providers"`
		}
		if err := json.Unmarshal(selection.Evidence(&s, decide(s, create(), broker.CostOptimized)), &e); err != nil {
			t.Fatal(err)
		}
		if _, said := e.Providers[0]["fills"]; said != (counted == "units") {
			t.Errorf("%s: %v", counted, e.Providers[0])
		}
	}
}
