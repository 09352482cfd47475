package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// WEIGHTED_ROUND_ROBIN takes the member that the ticket points to in a fixed
// schedule with as many turns for each as its weight, spread as evenly as can
// be: see [schedule]. Those that the following tickets point to come next.
// Equal weights make it ROUND_ROBIN.
var weightedRoundRobin = policy{
	name: broker.WeightedRoundRobin, tickets: true,
	rank: func(places []int, r *Result, t *tier) int {
		return r.alongSchedule(places, r.scheduleOf(t, r.in.Query.snapshot.weight))
	},
	share: func(r *Result, t *tier, pick int) float64 {
		return r.scheduleOf(t, r.in.Query.snapshot.weight).share(pick)
	},
	figure: weightFigure,
}

// alongSchedule takes those of left that come up from the ticket on.
func (r *Result) alongSchedule(places []int, c *schedule) int {
	n, period := 0, len(c.turns)
	at := int(uint64(r.ticket) % uint64(period)) //nolint:gosec // tickets count from 0; the rest is below the period
	for range period {
		if i := int(c.turns[at]); r.left.has(i) {
			r.left.remove(i)
			places[n] = i
			if n++; n == len(places) {
				return n
			}
		}
		if at++; at == period {
			at = 0
		}
	}
	return n
}
