package selection

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// HIGHEST_SUCCESS_RATE takes the member with the best success rate, as far as
// that can be told. A rate is the mean of a beta posterior whose prior is the
// rate of all members of the priority and worth 10 calls, so that 3 of 3 does
// not beat 990 of 1,000. Members whose mean lies within the 90 % interval of
// the best one's cannot be told from it: they are equals, and the ticket draws
// two of them, of which the one with fewer calls in flight for its weight is
// taken. The others follow in the same way. Want of capacity or quota,
// throttling and invalid requests do not count against a provider.
//
// Nobody is left out for ever: every 33rd ticket goes where the data is oldest,
// and calls that fall out of the window leave the prior, which is an equal.
var highestSuccessRate = policy{
	name: broker.HighestSuccessRate, tickets: true, measures: true,
	rank: rankHighestSuccessRate,
	share: func(r *Result, t *tier, pick int) float64 {
		if mostReliable(r, t); !r.equals.has(pick) {
			return 0
		}
		return r.twoChoicesShare(pick, r.equals, t, byLoad)
	},
	figure: func(r *Result, i int) string {
		c, m := r.class(), &r.in.Query.snapshot.facts[i].live[r.in.Query.class].calls
		return fmt.Sprintf("%s %% believed, %s %% at least, %s of %s calls", percent(c.mean[i]), percent(c.floor[i]), number(m.Successes), number(m.Calls))
	},
}

func rankHighestSuccessRate(places []int, r *Result, t *tier) int {
	n := 0
	for n < len(places) && mostReliable(r, t) > 0 {
		n += r.twoChoices(places[n:], r.equals, t, byLoad)
	}
	return n
}

// mostReliable moves those that cannot be told from the best out of left, to
// equals, and returns how many. Of two with the best mean, the one with more
// calls sets the interval.
func mostReliable(r *Result, t *tier) int {
	c := r.class()
	best, floor := -1.0, 0.0
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if m := c.mean[i]; m > best || m == best && c.floor[i] > floor {
			best, floor = m, c.floor[i]
		}
	}
	return r.part(t, func(i int) bool { return c.mean[i] >= floor })
}
