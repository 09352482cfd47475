package selection

import (
	"cmp"
	"slices"
)

// schedule is whose turn each ticket of one period is, for weighted turns: the
// chairman assignment of R. Tijdeman (The chairman assignment problem, Discrete
// Mathematics 32, 1980). With n members and a share λ for each, turn j goes,
// among those whose λj is ahead of their turns so far by 1/(2n−2) or more, to
// the one that would be the first to fall behind by more than 1 − 1/(2n−2). So
// at every prefix a member's turns differ from its share of them by
// 1 − 1/(2n−2) at most, which no order can better for all weights. One member
// has every turn.
//
// Weights are divided by their greatest common divisor. When they still sum up
// to more than 1,024, or to more than there are members if that is more, they
// are reduced to that by largest remainder, and who would have none keeps one.
//
// A Result keeps a schedule for as long as snapshot, weights and members stay
// the same.
type schedule struct {
	owner   *Snapshot
	weights *int64 // the column that was read
	members set

	turns []int32 // provider indexes, one for each turn of the period
	plan  planner
}

const longestPeriod = 1024

// scheduleOf returns the schedule of a tier by a column of weights.
func (r *Result) scheduleOf(t *tier, weights []int64) *schedule {
	c, s := &r.schedules[r.nth], r.in.Query.snapshot
	if c.owner == s && c.weights == &weights[0] && slices.Equal(c.members, r.tierSet) {
		return c
	}
	c.owner, c.weights = s, &weights[0]
	c.members = append(c.members[:0], r.tierSet...)
	c.plan.reset(len(s.facts))
	for _, i := range s.byName[t.lo:t.hi] {
		if c.members.has(i) {
			c.plan.add(i, weights[i])
		}
	}
	c.plan.reduce()
	c.turns = c.plan.assign(c.turns[:0])
	return c
}

// share is the part of the turns that one member has.
func (c *schedule) share(i int) float64 {
	n := 0
	for _, turn := range c.turns {
		if int(turn) == i {
			n++
		}
	}
	return float64(n) / float64(len(c.turns))
}

// planner makes schedules. Its slices are as long as there are members.
type planner struct {
	ids    []int32 // provider indexes, by name
	units  []int64 // reduced weights
	taken  []int64 // turns so far
	sum    int64   // of units
	rest   []int32 // scratch of reduce
	next   []int32 // the following member of the same bucket
	bucket []int32 // by turn: the first member that is let in then; −1: none
	heap   []int32 // members that are let in, the one due first at the top
}

// reset makes room for n members.
func (p *planner) reset(n int) {
	if cap(p.ids) < n {
		p.ids, p.units, p.taken = make([]int32, 0, n), make([]int64, 0, n), make([]int64, n)
		p.rest, p.next, p.heap = make([]int32, 0, n), make([]int32, n), make([]int32, 0, n)
		p.bucket = make([]int32, 0, max(longestPeriod, n)+n+1)
	}
	p.ids, p.units, p.sum = p.ids[:0], p.units[:0], 0
}

func (p *planner) add(i int, weight int64) {
	p.ids = append(p.ids, int32(i)) //nolint:gosec // an index
	p.units = append(p.units, weight)
}

// reduce makes units of weights, and sums them up.
func (p *planner) reduce() {
	divisor, sum := int64(0), int64(0)
	for _, w := range p.units {
		divisor = gcd(w, divisor)
		sum += w
	}
	limit := int64(max(longestPeriod, len(p.ids)))
	if sum /= divisor; sum > limit {
		p.apportion(divisor, sum, limit)
	} else {
		for k := range p.units {
			p.units[k] /= divisor
		}
	}
	for _, u := range p.units {
		p.sum += u
	}
}

// apportion shares a period out by largest remainder (Hamilton's method);
// equal remainders go by name.
func (p *planner) apportion(divisor, sum, period int64) {
	left := period
	p.rest = p.rest[:0]
	for k, w := range p.units {
		whole := w / divisor * period
		p.units[k], p.taken[k] = whole/sum, whole%sum // taken is free until turns are assigned
		left -= p.units[k]
		p.rest = append(p.rest, int32(k))
	}
	slices.SortFunc(p.rest, func(a, b int32) int {
		return cmp.Or(cmp.Compare(p.taken[b], p.taken[a]), cmp.Compare(a, b))
	})
	for _, k := range p.rest[:left] {
		p.units[k]++
	}
	for k := range p.units {
		p.units[k] = max(p.units[k], 1)
	}
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
