package selection

import (
	"fmt"
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// COST_OPTIMIZED takes, of the members whose availability is within 5 points
// of the best one's, the one with the lowest expected price of a delivered
// machine: price per hour / (availability × (1 − share lost per hour)). An
// unknown price comes last and is never 0. Equals take turns by name; the
// others follow in the same way.
//
// A wish in units is for the lowest expected price of a unit: that of a machine
// by the units of the wish that it fills. Those count which are wanted: of a
// machine that is worth 4, a wish for 1 fills 1. Quotients of equal prices by
// unit differ in their last digits; what differs by less than that is equal.
//
// Availability is the posterior mean of machines delivered per machine wanted,
// or of the success of calls where nothing was wanted yet, by the prior of
// HIGHEST_SUCCESS_RATE. A share lost that is not known is the median of those
// known.
var costOptimized = policy{
	name: broker.CostOptimized, tickets: true, measures: true,
	rank: rankGroups, share: shareOfGroup, group: cheapest,
	figure: func(r *Result, i int) string {
		c := r.class()
		if math.IsInf(c.expected[i], 1) {
			return fmt.Sprintf("price unknown, %s %% available", percent(c.available[i]))
		}
		counted := "machine"
		if r.in.Query.snapshot.inUnits {
			counted = "unit"
		}
		return fmt.Sprintf("%.4g per delivered %s-hour, %s %% available", c.expected[i], counted, percent(c.available[i]))
	},
}

// alike is how much less available a member may be to save money.
const alike = 0.05

// sameUnit bounds how much more than the least counts as equal, by unit.
const sameUnit = 1 + 1e-12

func cheapest(r *Result, t *tier) int {
	c := r.class()
	best, least := 0.0, math.Inf(1)
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		best = max(best, c.available[i])
	}
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if c.available[i] >= best-alike {
			least = min(least, c.expected[i])
		}
	}
	if r.in.Query.snapshot.inUnits {
		least = float64(least * sameUnit)
	}
	return r.part(t, func(i int) bool { return c.available[i] >= best-alike && c.expected[i] <= least })
}
