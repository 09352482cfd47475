package selection_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// delivering made so many machines of 100 that were wanted.
func delivering(machines float64) func(*broker.ProviderView) {
	return did(broker.Measured{Successes: 100, Calls: 100, Delivered: machines, Wanted: 100})
}

func TestTheRegretIsZeroWhenAllAreAvailable(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		s, least := snapshot(), math.Inf(1)
		for i := range rapid.IntRange(2, 20).Draw(t, "n") {
			p := rapid.Float64Range(0.001, 10).Draw(t, "price")
			least = min(least, p)
			history := rapid.SampledFrom([]func(*broker.ProviderView){
				delivering(100), did(broker.Measured{}), did(broker.Measured{Calls: 3, Successes: 3, Delivered: 9, Wanted: 9}),
			}).Draw(t, "history")
			s.Providers = append(s.Providers, provider(fmt.Sprint("p", i), price(p), history))
		}
		selection.Select(&dst, selection.Input{
			Query: selection.Compile(&s).Prepare(create()), Policy: broker.CostOptimized, Now: noon,
			Ticket: rapid.Int64Range(0, 99).Draw(t, "ticket"),
		})
		name, _ := dst.Picked()
		for _, v := range s.Providers {
			if v.Name == name && *v.PricePerHour != least {
				t.Fatalf("%s costs %v, the cheapest %v", name, *v.PricePerHour, least)
			}
		}
	})
}

func TestCostOptimizedCases(t *testing.T) {
	lost := func(share float64) func(*broker.ProviderView) {
		return did(broker.Measured{Calls: 100, Successes: 100, Lost: &share})
	}
	free := func(v *broker.ProviderView) { v.PricePerHour = nil }
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		want      string
	}{
		"the cheapest first": {
			[]broker.ProviderView{provider("a", price(3)), provider("b", price(1)), provider("c", price(2))}, "[b c a]",
		},
		"an unknown price is last and not 0": {
			[]broker.ProviderView{provider("a", free), provider("b", price(9)), provider("c", price(0))}, "[c b a]",
		},
		"without any price all take turns": {[]broker.ProviderView{provider("b", free), provider("a", free)}, "[a b]"},
		// (90 + 10 × 0.95) / 110 = 0.905 is more than 5 points below 0.995.
		"much less available is not cheap": {
			[]broker.ProviderView{provider("a", price(0.1), delivering(90)), provider("b", price(1), delivering(100))}, "[b a]",
		},
		"a little less available is": {
			[]broker.ProviderView{provider("a", price(0.1), delivering(96)), provider("b", price(1), delivering(100))}, "[a b]",
		},
		"machines that fail must be paid with the others": { // 0.99 / 0.963 > 1 / 0.997
			[]broker.ProviderView{provider("a", price(0.99), delivering(96)), provider("b", price(1), delivering(100))}, "[b a]",
		},
		"machines that are taken back too": { // 0.9 / 0.75 = 1.2
			[]broker.ProviderView{provider("a", price(0.9), lost(0.25)), provider("b", price(1), lost(0))}, "[b a]",
		},
		"a share lost that is not known is the median": { // 0.9 / 0.8 = 1.125, as 1 / 0.9 = 1.111
			[]broker.ProviderView{
				provider("a", price(0.9)), provider("b", price(1), lost(0.1)), provider("c", price(5), lost(0.2)), provider("d", price(6), lost(0.3)),
			}, "[b a c d]",
		},
		"a blocked offering is not picked to save money": {
			[]broker.ProviderView{
				provider("a", price(0.1), func(v *broker.ProviderView) { v.Blocks = []broker.Block{{Until: noon.Add(1)}} }), provider("b", price(1)),
			}, "[b]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(decide(snapshot(c.providers...), create(), broker.CostOptimized).Ranked()); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestEquallyCheapTakeTurns(t *testing.T) {
	s := newSeries(broker.CostOptimized, snapshot(provider("a"), provider("b"), provider("c", price(9))), create())
	if got := s.counts(100); got["a"] != 50 || got["b"] != 50 {
		t.Error(got)
	}
}
