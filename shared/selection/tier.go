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
	members set
	lo, hi  int
	size    int // 0: there is no such tier
}

// holds reports whether a provider is one of the tier.
func (t *tier) holds(i int) bool { return i >= t.lo && i < t.hi && t.members.has(i) }

// walk goes through the tiers of a decision in order. It starts before the
// first.
type walk struct {
	tier
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
			w.tier = tier{r.eligible, i, i + 1, 1}
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
	w.tier = tier{members, s.tierStart[first], w.at, members.count(first, w.at)}
	return true
}
