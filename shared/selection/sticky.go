package selection

import (
	"fmt"
	"math/bits"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// STICKY sends equal affinity keys to the same member: weighted rendezvous
// hashing (Thaler and Ravishankar, 1996; the weights by −w / ln u, Schindelhauer
// and Schomaker, 2005), so that a provider that goes takes only its own keys
// along. A member whose calls in flight have reached 1¼ times its fair share is
// passed over for the next of the key (Mirrokni, Thorup and Zadimoghaddam,
// Consistent Hashing with Bounded Loads, 2018). Without a key each seed is one
// of its own.
var sticky = policy{
	name: broker.Sticky,
	rank: func(places []int, r *Result, t *tier) int {
		r.partOverloaded(t)
		n := r.rendezvous(places, r.left, t)
		return n + r.rendezvous(places[n:], r.equals, t)
	},
	share: func(r *Result, t *tier, pick int) float64 {
		if r.in.AffinityKey != "" {
			return 1 // the key says who
		}
		r.partOverloaded(t)
		return shareByWeight(r, t, pick)
	},
	figure: func(r *Result, i int) string {
		s := r.in.Query.snapshot
		return fmt.Sprintf("weight %d, %d in flight", s.weight[i], s.busy[i])
	},
}

// partOverloaded moves those to equals who have reached 1¼ of their fair share
// of the tier's calls, the one that is decided on included. By the pigeonhole
// principle that is not everybody.
func (r *Result) partOverloaded(t *tier) {
	s, calls, weights := r.in.Query.snapshot, int64(1), int64(0)
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		calls += s.busy[i]
		weights += s.weight[i]
	}
	r.part(t, func(i int) bool { return 4*weights*s.busy[i] >= 5*calls*s.weight[i] })
}

// rendezvous takes the members of pool with the highest scores for the key, in
// their order.
func (r *Result) rendezvous(places []int, pool set, t *tier) int {
	s, n := r.in.Query.snapshot, 0
	if len(places) == 0 {
		return 0
	}
	var best [MaxCandidates]float64
	for i := pool.next(t.lo); i < t.hi; i = pool.next(i + 1) {
		x := mix(r.key^s.hash[i])>>12<<1 | 1 // odd, below 2^53: u = x / 2^53 is in (0, 1)
		weight := float64(s.weight[i])
		// ln u ≤ u − 1, so most need no logarithm to lose. An empty place is 0.
		if worst := best[(len(places)-1)%MaxCandidates]; weight < worst*(float64(1<<53-x)/(1<<53)) {
			continue
		}
		n = insert(places, &best, n, ranked{i, weight / negLog(x)})
	}
	return n
}

type ranked struct {
	i     int
	score float64
}

// insert puts one into n places that are in order, and returns how many there
// are now.
func insert(places []int, best *[MaxCandidates]float64, n int, c ranked) int {
	k := n
	for k > 0 && best[k-1] < c.score {
		k--
	}
	if k == len(places) {
		return n
	}
	n = min(n+1, len(places))
	copy(places[k+1:n], places[k:n])
	copy(best[k+1:n], best[k:n])
	places[k], best[k] = c.i, c.score
	return n
}

// negLog is −ln(x / 2^53) for 0 < x < 2^53, to about 15 digits and the same on
// every processor: math.Log is not. With x = m 2^k and m in [½, 1), ln m is the
// series of the inverse hyperbolic tangent of (m − 1) / (m + 1).
func negLog(x uint64) float64 {
	k := bits.Len64(x)
	m := float64(x) / float64(uint64(1)<<k)
	z := (1 - m) / (1 + m)
	square, sum := float64(z*z), 0.0
	for odd := 33; odd >= 1; odd -= 2 {
		sum = float64(sum*square) + 1/float64(odd)
	}
	const ln2 = 0.6931471805599453
	return float64(float64(53-k)*ln2) + float64(2*z*sum)
}
