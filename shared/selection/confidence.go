package selection

// Confidence returns how sure the pick is, from 0 to 1: the share of the
// eligible probability mass that it holds under its policy, times how fresh
// the newest evidence about it is.
//
// The share is the chance, over all tickets and seeds and with all else as it
// is, that this provider is picked: 1/n of n who take turns, its part of the
// weights or of the schedule, the chance to be drawn and to win under two
// choices, and 1 where the policy, a key or a name leaves no other. A provider
// that starts slowly holds its share times its ramp, the others as if it did
// not; where one ticket in 33 explores, 1/33 of the mass is with those not
// heard of for the longest time. The first fallback has 1.
//
// Freshness is 60 s / (60 s + age): 1 at age 0, ½ at 60 s, ⅙ at the default
// check interval. The evidence is the newest of the last health check and the
// last call that ended. A provider of which nothing was ever measured has 0,
// and so has a decision without candidates.
func (r *Result) Confidence() float64 {
	if r.count == 0 {
		return 0
	}
	f := &r.in.Query.snapshot.facts[r.ranked[0]]
	at := f.checkedAt
	if call := f.live[r.in.Query.class].newest(); call.After(at) {
		at = call
	}
	if at.IsZero() {
		return 0
	}
	age := max(0, r.in.Now.Sub(at).Seconds())
	return r.share() * 60 / (60 + age)
}

// share is the part of the probability mass that the pick holds.
func (r *Result) share() float64 {
	t, pick := &r.first.tier, r.ranked[0]
	if t.size < 2 {
		return 1
	}
	r.nth = 0
	r.enter(t)
	if !r.policy.measures {
		return r.policy.share(r, t, pick)
	}
	oldest, equals := r.oldest(t)
	share := r.policy.share(r, t, pick) * r.ramp(pick)
	if !r.mayExplore() {
		return share
	}
	share = float64(share*(exploreEvery-1)) / exploreEvery
	if r.class().heard[pick] == oldest {
		share += 1 / float64(exploreEvery*equals)
	}
	return share
}
