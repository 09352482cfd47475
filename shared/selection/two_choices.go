package selection

// score is what two choices are compared by; less is better. It must not
// depend on the ticket.
type score func(r *Result, i int) float64

// twoChoices takes members out of pool into the places, each the better of two
// that the ticket draws (Mitzenmacher, The Power of Two Choices in Randomized
// Load Balancing, 1996). Whoever is best gets no more than its chance to be
// drawn, so that callers who all see the same stale figures do not all run to
// it. Of equals the one drawn first wins: with the ticket given, a worse score
// never wins more. An empty pool leaves the places as they are.
func (r *Result) twoChoices(places []int, pool set, t *tier, of score) int {
	weights, p := r.in.Query.snapshot.weight, r.pot(pool, t)
	for n := range places {
		if p.size == 0 {
			return n
		}
		i := r.draw(&p, t)
		if p.size > 0 {
			other := r.draw(&p, t)
			if of(r, other) < of(r, i) {
				i, other = other, i
			}
			p.put(other, weights[other])
		}
		places[n] = i
	}
	return len(places)
}

// twoChoicesShare is the chance of one member of pool: to be drawn and to be
// no worse than the other who is.
func (r *Result) twoChoicesShare(pick int, pool set, t *tier, of score) float64 {
	s, total := r.in.Query.snapshot, float64(r.pot(pool, t).sum)
	own, mine := float64(s.weight[pick]), of(r, pick)
	if own == total {
		return 1
	}
	share := 0.0
	for i := pool.next(t.lo); i < t.hi; i = pool.next(i + 1) {
		if theirs := of(r, i); i != pick && mine <= theirs {
			w := float64(s.weight[i])
			share += own / total * w / (total - own)
			if mine < theirs {
				share += w / total * own / (total - w)
			}
		}
	}
	return share
}
