package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// ROUND_ROBIN takes the member whose turn it is, by name, then those after it.
// Any n consecutive tickets pick each of n members once, so at every prefix of
// the tickets two members differ by one pick at most.
var roundRobin = policy{name: broker.RoundRobin, tickets: true, spreads: true, rank: rankRoundRobin}

// rankRoundRobin walks the members by name from the ticket's, round the end:
// twice through them reaches as many as there are, from any turn.
func rankRoundRobin(places []int, r *Result, t *tier) int {
	members, byName := r.members(t), r.in.Query.snapshot.byName[t.lo:t.hi]
	skip := int(uint64(r.ticket) % uint64(t.size)) //nolint:gosec // tickets count from 0; the rest is below size
	want, n := min(len(places), t.size), 0
	for range 2 {
		for _, i := range byName {
			if !members.has(i) {
				continue
			}
			if skip--; skip >= 0 {
				continue
			}
			places[n] = i
			if n++; n == want {
				return n
			}
		}
	}
	return n
}
