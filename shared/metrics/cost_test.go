package metrics_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/metrics"
)

func price(p float64) *float64 { return &p }

func TestCosts(t *testing.T) {
	hours := func(h int) time.Time { return after(time.Duration(h) * time.Hour) }
	lives := []metrics.Life{
		{Template: "web", Account: "a", Launched: hours(-5), PricePerHour: price(0.5)},                // runs: 10 h of the window
		{Template: "web", Account: "b", Launched: hours(2), Ended: hours(4), PricePerHour: price(3)},  // 2 h
		{Template: "gpu", Launched: hours(9), Ended: hours(20)},                                       // 1 h, price unknown
		{Template: "gpu", Account: "a", Launched: hours(-9), Ended: hours(0), PricePerHour: price(9)}, // before
		{Template: "gpu", Account: "a", Launched: hours(10), PricePerHour: price(9)},                  // after
		{Account: "a", Launched: hours(0), Ended: hours(1), PricePerHour: price(math.NaN())},          // 1 h, no price
	}
	got := metrics.Costs(lives, noon, hours(10))
	type line struct {
		machines  int64
		hours     float64
		estimate  float64
		estimated bool
		priced    time.Duration
	}
	flat := func(c metrics.Cost) line {
		e, ok := c.Estimate()
		return line{c.Machines, c.Hours(), e, ok, c.Priced}
	}
	all := map[string]line{"total": flat(got.Total)}
	for k, c := range got.ByTemplate {
		all["template "+k] = flat(c)
	}
	for k, c := range got.ByAccount {
		all["account "+k] = flat(c)
	}
	want := map[string]line{
		"total":        {4, 14, 11, true, 12 * time.Hour}, // 5 + 6
		"template web": {2, 12, 11, true, 12 * time.Hour},
		"template gpu": {1, 1, 0, false, 0}, // not free
		"account a":    {2, 11, 5, true, 10 * time.Hour},
		"account b":    {1, 2, 6, true, 2 * time.Hour},
	}
	if diff := cmp.Diff(want, all, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAFreeMachineHasAnEstimateAndNoMachineHasNone(t *testing.T) {
	free := metrics.Costs([]metrics.Life{{Launched: noon, PricePerHour: price(0)}}, noon, after(time.Hour))
	if e, ok := free.Total.Estimate(); !ok || e != 0 {
		t.Errorf("free: got %v, %v", e, ok)
	}
	for _, p := range []float64{-1, math.Inf(1), math.Inf(-1), 1e7} {
		odd := metrics.Costs([]metrics.Life{{Launched: noon, PricePerHour: &p}}, noon, after(time.Hour))
		if e, ok := odd.Total.Estimate(); ok {
			t.Errorf("price %v: got %v", p, e)
		}
	}
	none := metrics.Costs(nil, noon, after(time.Hour))
	if e, ok := none.Total.Estimate(); ok || none.Total.Machines != 0 {
		t.Errorf("none: got %v, %v", e, ok)
	}
}

func TestWindowsSideBySideCostWhatTheirWholeDoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		second := func(label string, from, to int) time.Time {
			return after(time.Duration(rapid.IntRange(from, to).Draw(r, label)) * time.Second)
		}
		var lives []metrics.Life
		for range rapid.IntRange(0, 8).Draw(r, "lives") {
			l := metrics.Life{Launched: second("launched", -5000, 9000), PricePerHour: price(3.6)} // a thousandth per second
			if rapid.Bool().Draw(r, "ended") {
				l.Ended = second("ended", -5000, 9000)
			}
			lives = append(lives, l)
		}
		seam := second("seam", 0, 7200)
		whole := metrics.Costs(lives, noon, after(2*time.Hour)).Total
		left, right := metrics.Costs(lives, noon, seam).Total, metrics.Costs(lives, seam, after(2*time.Hour)).Total
		l, _ := left.Estimate()
		rt, _ := right.Estimate()
		w, _ := whole.Estimate()
		if left.Used+right.Used != whole.Used || math.Abs(l+rt-w) > 1e-9 {
			r.Errorf("%v + %v is not %v; %v + %v is not %v", left.Used, right.Used, whole.Used, l, rt, w)
		}
		shuffled := metrics.Costs(rapid.Permutation(lives).Draw(r, "shuffled"), noon, after(2*time.Hour)).Total
		if shuffled != whole {
			r.Errorf("the order matters: %+v, %+v", shuffled, whole)
		}
	})
}
