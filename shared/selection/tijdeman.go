package selection

import "slices"

// assign appends the turns of one period. Members wait in buckets until the
// turn from which they may be chosen, and then in a heap by the turn until
// which they must be: the period takes time in proportion to its length and to
// the logarithm of the number of members.
func (p *planner) assign(turns []int32) []int32 {
	turns = slices.Grow(turns, cap(p.bucket))
	if p.sum == int64(len(p.ids)) { // all weights are equal, and turns go by name
		return append(turns, p.ids...)
	}
	p.bucket, p.heap = p.bucket[:p.sum+1], p.heap[:0]
	for j := range p.bucket {
		p.bucket[j] = -1
	}
	for k := range p.ids {
		p.taken[k] = 0
		p.wait(int32(k), 1)
	}
	for j := int64(1); j <= p.sum; j++ {
		for k := p.bucket[j]; k >= 0; k = p.next[k] {
			p.push(k)
		}
		k := p.pop()
		turns = append(turns, p.ids[k])
		if p.taken[k]++; p.taken[k] < p.units[k] {
			p.wait(k, j+1)
		}
	}
	return turns
}

// spread is 2n − 2.
func (p *planner) spread() int64 { return 2*int64(len(p.ids)) - 2 }

// wait puts a member into the bucket of the first turn j at which its share is
// ahead of its turns x by 1/(2n−2): λj − x ≥ 1/(2n−2). That is never before
// the turn after its last.
func (p *planner) wait(k int32, earliest int64) {
	ahead, pace := p.sum*(1+p.spread()*p.taken[k]), p.spread()*p.units[k]
	j := max(earliest, (ahead+pace-1)/pace)
	p.next[k], p.bucket[j] = p.bucket[j], k
}

// before reports whether member a is due before b: whose turns x reach
// λj − (1 − 1/(2n−2)) at the earlier j. Equals go by name.
func (p *planner) before(a, b int32) bool {
	dueA := (p.spread()*(p.taken[a]+1) - 1) * p.units[b]
	dueB := (p.spread()*(p.taken[b]+1) - 1) * p.units[a]
	return dueA < dueB || dueA == dueB && a < b
}

func (p *planner) push(k int32) {
	p.heap = append(p.heap, k)
	for i := len(p.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !p.before(p.heap[i], p.heap[up]) {
			return
		}
		p.heap[i], p.heap[up] = p.heap[up], p.heap[i]
		i = up
	}
}

// pop takes the member that is due first. Tijdeman's theorem: there is one at
// every turn.
func (p *planner) pop() int32 {
	top, last := p.heap[0], len(p.heap)-1
	p.heap[0] = p.heap[last]
	p.heap = p.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if p.before(p.heap[child], p.heap[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		p.heap[i], p.heap[least] = p.heap[least], p.heap[i]
		i = least
	}
}
