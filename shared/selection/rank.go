package selection

// Rank orders the eligible with the ticket of [Result.Scope], or with any
// number where none is needed. It may be called again with another.
//
// Tiers are taken in the order of their keys, each ordered by the policy with
// the same ticket. Fallbacks come after them and own the last place.
func (r *Result) Rank(ticket int64) {
	r.prepare(ticket)
	r.count, r.nth = 0, 0
	places := MaxCandidates
	if !r.reserve.empty() {
		places--
	}
	r.tiers = r.first
	for more := r.tiers.tier.size > 0; more && r.count < places; more = r.tiers.next(r) {
		r.count += r.rankTier(&r.tiers.tier, r.ranked[r.count:places])
		r.nth++
	}
	for _, i := range r.in.Query.fallbacks {
		if r.count < MaxCandidates && r.reserve.has(i) {
			r.ranked[r.count] = i
			r.count++
		}
	}
}

// prepare starts what chance the policy is given: of the ticket where it takes
// one, and else of the seed.
func (r *Result) prepare(ticket int64) {
	r.ticket = ticket
	if r.policy.tickets {
		r.draws = newDraws(uint64(ticket)) //nolint:gosec // a bit pattern
		return
	}
	seed := hashText(r.in.Seed)
	r.draws, r.key = newDraws(seed), seed
	if r.in.AffinityKey != "" {
		r.key = hashText(r.in.AffinityKey)
	}
}

// enter makes a tier of two or more the one that is ranked.
func (r *Result) enter(t *tier) {
	r.tierSet.fill(r.grades[t.grade], t.lo, t.hi)
	copy(r.left, r.tierSet)
}

// rankTier orders one tier into the places that are left. One member needs no
// policy.
func (r *Result) rankTier(t *tier, places []int) int {
	if t.size == 1 {
		places[0] = t.first
		return 1
	}
	r.enter(t)
	if !r.policy.measures {
		return r.policy.rank(places, r, t)
	}
	r.hold(t)
	n := r.explore(places, t)
	if n < len(places) && !r.left.empty() {
		n += r.policy.rank(places[n:], r, t)
	}
	return n + r.release(places[n:], t)
}
