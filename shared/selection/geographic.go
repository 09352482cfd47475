package selection

import (
	"fmt"
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// GEOGRAPHIC takes the nearest member: in the origin's zone, else its region,
// else its geography, else by great circle; who is nowhere comes last, and
// equals take turns by name. It leaves a class of distance for the next when
// the mean use of its members' room exceeds the mean of all that are farther
// away by more than 0.1. Where use is not known it stays. Residency is hard
// and comes before: the criterion zones takes regions and geographies too.
//
// Without an origin all are equally near.
var geographic = policy{
	name: broker.Geographic, tickets: true,
	rank: rankGroups, share: shareOfGroup, group: nearest,
	figure: func(r *Result, i int) string {
		text := distanceText(r.in.Query.distanceTo(i))
		if used := r.in.Query.snapshot.used[i]; used >= 0 {
			text += fmt.Sprintf(", %.0f %% used", 100*used)
		}
		return text
	},
}

// Distances: the whole part is the class. Beyond a geography the rest grows
// with the great circle; at the opposite end it is one.
const (
	sameZone = iota
	sameRegion
	sameGeography
	byGlobe
	nowhere = 5
)

// farMore is how much fuller than the rest the nearest may be.
const farMore = 0.1

// nearest picks the class, and in it the least distance.
func nearest(r *Result, t *tier) int {
	from := 0.0
	for from < nowhere && r.crowded(t, from) {
		from++
	}
	q, least := r.in.Query, math.Inf(1)
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if d := q.distanceTo(i); d >= from {
			least = min(least, d)
		}
	}
	return r.part(t, func(i int) bool { return q.distanceTo(i) == least })
}

// crowded reports whether a class is empty, or so full that the next is to be
// taken, if there is a next.
func (r *Result) crowded(t *tier, class float64) bool {
	q := r.in.Query
	var near, far mean
	members := 0
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		switch d := math.Floor(q.distanceTo(i)); {
		case d == class:
			members++
			near.add(q.snapshot.used[i])
		case d > class:
			far.add(q.snapshot.used[i])
		}
	}
	return members == 0 || near.known() && far.known() && near.value()-far.value() > farMore
}

// mean is of shares; a negative one is not known and does not count.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(share float64) {
	if share >= 0 {
		m.sum += share
		m.n++
	}
}

func (m *mean) known() bool    { return m.n > 0 }
func (m *mean) value() float64 { return m.sum / float64(m.n) }

func distanceText(d float64) string {
	switch {
	case d == sameZone:
		return "same zone"
	case d == sameRegion:
		return "same region"
	case d == sameGeography:
		return "same geography"
	case d < nowhere:
		return fmt.Sprintf("%.0f km", kilometres(d-byGlobe))
	default:
		return "distance not known"
	}
}
