package selection

import "github.com/openhostfactory/ohfp/shared/broker"

// ROUND_ROBIN takes the member whose turn it is, by name, then those after it.
// Any n consecutive tickets pick each of n members once, so at every prefix of
// the tickets two members differ by one pick at most.
var roundRobin = policy{name: broker.RoundRobin, tickets: true, spreads: true, rank: rankRoundRobin}

// rankRoundRobin walks the members by name, round the end, from the ticket's.
func rankRoundRobin(places []int, r *Result, t *tier) int {
	members := r.members(t)
	want := min(len(places), t.size)
	skip := int(uint64(r.ticket) % uint64(t.size)) //nolint:gosec // tickets count from 0; the rest is below size
	for n := 0; ; {
		for _, i := range r.in.Query.snapshot.byName[t.lo:t.hi] {
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
}
