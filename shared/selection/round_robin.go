package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// ROUND_ROBIN takes the member whose turn it is, by name, then those after it.
// Any n consecutive tickets pick each of n members once, so at every prefix of
// the tickets two members differ by one pick at most.
var roundRobin = policy{
	name: broker.RoundRobin, tickets: true,
	rank:  func(places []int, r *Result, t *tier) int { return r.inTurn(places, r.left, t, t.size) },
	share: func(_ *Result, t *tier, _ int) float64 { return 1 / float64(t.size) },
}
