package selection

// grade comes before everything else that orders.
type grade int

// The grades, best first. Who was never checked is as good as sound: a new
// provider would get no work otherwise. What the last check found failing is
// tried when nothing else is left, unless require_healthy leaves it out.
const (
	sound    grade = iota
	degraded       // checked as DEGRADED, or its breaker ramps up, see policy.measures
	sick           // checked as UNHEALTHY
	gradeCount
)

// tier is a group of eligible providers of equal sort key (grade, prefer index,
// priority). Policies order a tier's members and nothing else.
type tier struct {
	grade  grade
	first  int // the member of the smallest index
	lo, hi int // the indexes of its priority: members are among [lo, hi)
	size   int // 0: there is no such tier
}

// members returns the set that holds the members of a tier of two or more,
// and providers outside [lo, hi) as well.
func (r *Result) members(t *tier) set { return r.grades[t.grade] }

// holds reports whether a provider is one of the tier.
func (r *Result) holds(t *tier, i int) bool {
	if t.size < 2 {
		return t.size == 1 && i == t.first
	}
	return i >= t.lo && i < t.hi && r.members(t).has(i)
}

// walk goes through the tiers of a decision in order. It starts before the
// first.
type walk struct {
	tier   tier
	grade  grade
	prefer int // next of the query's preferred
	at     int // next provider
}

// next moves on to the next tier; false: there are no more.
func (w *walk) next(r *Result) bool {
	for w.grade < gradeCount {
		if w.nextPreferred(r) || w.nextPriority(r) {
			return true
		}
		w.grade, w.prefer, w.at = w.grade+1, 0, 0
	}
	w.tier = tier{}
	return false
}

// nextPreferred moves on to the next of the preferred: each has its own prefer
// index, so each is a tier of one.
func (w *walk) nextPreferred(r *Result) bool {
	for prefer := r.in.Query.prefer; w.prefer < len(prefer); {
		i := prefer[w.prefer]
		w.prefer++
		if r.eligible.has(i) && r.gradeOf(i) == w.grade {
			w.tier = tier{grade: w.grade, first: i, lo: i, hi: i + 1, size: 1}
			return true
		}
	}
	return false
}

// nextPriority moves on to the next priority among the others.
func (w *walk) nextPriority(r *Result) bool {
	s, members := r.in.Query.snapshot, r.grades[w.grade]
	first := members.next(w.at)
	if first >= len(s.tierEnd) {
		return false
	}
	w.at = s.tierEnd[first]
	w.tier = tier{grade: w.grade, first: first, lo: s.tierStart[first], hi: w.at, size: members.count(first, w.at)}
	return true
}

// grade parts the eligible that are neither preferred nor fallbacks.
func (r *Result) grade(w int, alive uint64, now int64) {
	q := r.in.Query
	alive &^= q.preferred[w]
	var ill, poor uint64
	if q.judged {
		c := r.class()
		ill = alive & q.snapshot.unhealthy[w]
		poor = alive &^ ill & (q.snapshot.degraded[w] | above(c.rampUntil, w, alive&r.ramping(w), now))
	}
	r.grades[sound][w], r.grades[degraded][w], r.grades[sick][w] = alive&^ill&^poor, poor, ill
}

// gradeOf is the grade of one provider.
func (r *Result) gradeOf(i int) grade {
	q := r.in.Query
	c := r.class()
	switch {
	case !q.judged:
		return sound
	case q.snapshot.unhealthy.has(i):
		return sick
	case q.snapshot.degraded.has(i), !r.policy.measures && c.ramped.has(i) && c.rampUntil[i] > unixNano(r.in.Now):
		return degraded
	default:
		return sound
	}
}

// ramping returns those whose breaker may ramp up and degrade them: a policy
// that measures gives them a growing share instead.
func (r *Result) ramping(w int) uint64 {
	if r.policy.measures {
		return 0
	}
	return r.class().ramped[w]
}
