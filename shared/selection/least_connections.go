package selection

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// LEAST_CONNECTIONS takes the member with the fewest calls in flight for its
// weight: the true minimum of (in flight + 1) / weight while that is known
// well enough, and else the better of two that the ticket draws, because
// many callers with the same old figures would all run to the same minimum.
// Calls of both breaker classes count.
var leastConnections = policy{
	name: broker.LeastConnections, tickets: true,
	rank: rankLeastConnections, share: shareLeastConnections,
	figure: func(r *Result, i int) string {
		s := r.in.Query.snapshot
		return fmt.Sprintf("%d in flight, weight %d", s.busy[i], s.weight[i])
	},
}

// The true minimum is taken of so many members at most, by data of that age at
// most.
const (
	fewEnough   = 16
	freshEnough = 2 * time.Second
)

func (r *Result) knowsTheLeast(t *tier) bool {
	return t.size <= fewEnough && r.in.Now.Sub(r.in.Query.snapshot.takenAt) <= freshEnough
}

func byLoad(r *Result, i int) float64 { return r.in.Query.snapshot.load[i] }

func rankLeastConnections(places []int, r *Result, t *tier) int {
	if !r.knowsTheLeast(t) {
		return r.twoChoices(places, r.left, t, byLoad)
	}
	for n := range places {
		if n == t.size {
			return n
		}
		least, equals := r.least(t)
		i := r.left.next(t.lo)
		for skip := r.ticket % equals; ; i = r.left.next(i + 1) {
			if byLoad(r, i) > least {
				continue
			}
			if skip--; skip < 0 {
				break
			}
		}
		places[n] = i
		r.left.remove(i)
	}
	return len(places)
}

// least is the smallest load among those that are left, and how many have it.
func (r *Result) least(t *tier) (least float64, equals int64) {
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		switch load := byLoad(r, i); {
		case equals == 0 || load < least:
			least, equals = load, 1
		case load == least:
			equals++
		}
	}
	return least, equals
}

func shareLeastConnections(r *Result, t *tier, pick int) float64 {
	if !r.knowsTheLeast(t) {
		return r.twoChoicesShare(pick, r.left, t, byLoad)
	}
	_, equals := r.least(t)
	return 1 / float64(equals)
}
