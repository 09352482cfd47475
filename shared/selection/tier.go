package selection

// grade comes before everything else that orders.
type grade int

// The grades, best first. Who was never checked is as good as sound: a new
// provider would get no work otherwise. What the last check found failing is
// tried when nothing else is left, unless require_healthy leaves it out.
const (
	sound    grade = iota
	degraded       // checked as DEGRADED, or its breaker ramps up
	sick           // checked as UNHEALTHY
	gradeCount
)

// tier is a group of eligible providers of equal sort key (grade, prefer index,
// priority): the members of a set within [lo, hi). Policies order a tier's
// members and nothing else.
type tier struct {
	snapshot *Snapshot
	members  set
	lo, hi   int
	size     int
}

// walk goes through the tiers of a decision in order.
type walk struct {
	r      *Result
	grade  grade
	prefer int // next of the query's preferred
	at     int // next provider
}

// next returns the next tier; false: there are no more.
func (w *walk) next() (tier, bool) {
	for ; w.grade < gradeCount; w.grade, w.prefer, w.at = w.grade+1, 0, 0 {
		if t, ok := w.nextPreferred(); ok {
			return t, true
		}
		if t, ok := w.nextPriority(); ok {
			return t, true
		}
	}
	return tier{}, false
}

// nextPreferred returns the next of the preferred: each has its own prefer
// index, so each is a tier of one.
func (w *walk) nextPreferred() (tier, bool) {
	q := w.r.in.Query
	for w.prefer < len(q.prefer) {
		i := q.prefer[w.prefer]
		w.prefer++
		if w.r.eligible.has(i) && w.r.gradeOf(i) == w.grade {
			return tier{q.snapshot, w.r.eligible, i, i + 1, 1}, true
		}
	}
	return tier{}, false
}

// nextPriority returns the next priority among the others.
func (w *walk) nextPriority() (tier, bool) {
	s, members := w.r.in.Query.snapshot, w.r.grades[w.grade]
	first := members.next(w.at)
	if first >= s.Len() {
		return tier{}, false
	}
	lo := s.tierStart[first]
	w.at = s.tierEnd[first]
	return tier{s, members, lo, w.at, members.count(lo, w.at)}, true
}

// holds reports whether a provider is one of the tier.
func (t *tier) holds(i int) bool { return i >= t.lo && i < t.hi && t.members.has(i) }
