package selection

import "math/bits"

// Policies that measure share two rules. Slow start: a member whose breaker was
// closed by probes takes part in 10 % of the decisions at first, and in all
// after 60 s, growing evenly. Exploration: every 33rd ticket goes to the member
// that was not heard of for the longest time, so that figures stay young; not
// so for creates, unless they are configured to, for nobody wants machines for
// a statistic.

// exploreEvery is the number of tickets of which one explores.
const exploreEvery = 33

// hold moves those who sit this decision out from left to held. When all would,
// nobody does.
func (r *Result) hold(t *tier) {
	clear(r.held)
	c := r.class()
	if !r.left.meets(c.ramped) {
		return
	}
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		if c.ramped.has(i) && !r.admitted(i) {
			r.held.add(i)
			r.left.remove(i)
		}
	}
	if r.left.empty() {
		r.left, r.held = r.held, r.left
	}
}

// admitted throws the coin of one member for this ticket.
func (r *Result) admitted(i int) bool {
	coin := mix(r.in.Query.snapshot.hash[i] ^ mix(uint64(r.ticket)+golden)) //nolint:gosec // a bit pattern
	high, _ := bits.Mul64(coin, 600)
	return high < uint64(600*r.ramp(i))
}

// ramp is the part of the decisions that a member takes part in now.
func (r *Result) ramp(i int) float64 {
	c := r.class()
	left := float64(c.rampUntil[i]-unixNano(r.in.Now)) / float64(rampTime)
	if !c.ramped.has(i) || left <= 0 {
		return 1
	}
	return max(1-float64(0.9*left), 0.1)
}

// explores reports whether a ticket goes to explore, in the tier of the pick.
func (r *Result) explores() bool { return r.explored() && r.count == 0 }

func (r *Result) mayExplore() bool {
	q := r.in.Query
	return r.policy.measures && (q.snapshot.exploreCreates || !q.creates())
}

// explore takes the one that was not heard of for the longest time into the
// first place, if it is the ticket for it. Of several never heard of, each in
// its turn.
func (r *Result) explore(places []int, t *tier) int {
	if !r.explores() {
		return 0
	}
	oldest, equals := r.oldest(t)
	heard, i := r.class().heard, r.left.next(t.lo)
	for skip := r.ticket / exploreEvery % equals; ; i = r.left.next(i + 1) {
		if heard[i] > oldest {
			continue
		}
		if skip--; skip < 0 {
			break
		}
	}
	places[0] = i
	r.left.remove(i)
	return 1
}

// oldest is when those were heard of who are least known, and how many they
// are.
func (r *Result) oldest(t *tier) (oldest, equals int64) {
	heard := r.class().heard
	for i := r.left.next(t.lo); i < t.hi; i = r.left.next(i + 1) {
		switch at := heard[i]; {
		case equals == 0 || at < oldest:
			oldest, equals = at, 1
		case at == oldest:
			equals++
		}
	}
	return oldest, equals
}

// release puts those who sat out behind the others.
func (r *Result) release(places []int, t *tier) int {
	n := 0
	for i := r.held.next(t.lo); i < t.hi && n < len(places); i = r.held.next(i + 1) {
		places[n] = i
		n++
	}
	return n
}
