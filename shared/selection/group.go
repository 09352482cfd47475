package selection

// rankGroups takes the best equals of a tier in turn, then the next best.
func rankGroups(places []int, r *Result, t *tier) int {
	n := 0
	for n < len(places) {
		size := r.policy.group(r, t)
		if size == 0 {
			break
		}
		n += r.inTurn(places[n:], r.equals, t, size)
	}
	return n
}

// shareOfGroup is the share of one of the best equals.
func shareOfGroup(r *Result, t *tier, pick int) float64 {
	size := r.policy.group(r, t)
	if !r.equals.has(pick) {
		return 0
	}
	return 1 / float64(size)
}

// part moves those of left that belong to the best out of it, to equals, and
// returns how many.
func (r *Result) part(t *tier, belongs func(i int) bool) int {
	clear(r.equals)
	n := 0
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if belongs(i) {
			r.equals.add(i)
			r.left.remove(i)
			n++
		}
	}
	return n
}

// inTurn walks so many members of pool by name from the ticket's, round the
// end: twice through them reaches as many as there are, from any turn.
func (r *Result) inTurn(places []int, pool set, t *tier, size int) int {
	byName := r.in.Query.snapshot.byName[t.lo:t.hi]
	skip := int(uint64(r.ticket) % uint64(size)) //nolint:gosec // tickets count from 0; the rest is below size
	want, n := min(len(places), size), 0
	for range 2 {
		for _, i := range byName {
			if !pool.has(i) {
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
