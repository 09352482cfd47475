package selection

// waive is panic: allow. When nobody is left, rules about health, figures and
// blocked offerings are dropped: a sick provider may still answer, and work
// that goes nowhere is lost for sure. Breakers are not dropped, so that calls
// go through half-open permits only, nor is the time that a provider asked for.
func (r *Result) waive(now int64) {
	clear(r.waived)
	for i := range r.in.Query.snapshot.facts {
		rule := r.rules[i]
		if rule.waivable() && !(rule == NotHealthy && r.policy.strict) {
			r.waived[i], r.rules[i] = rule, LowerTier
			r.eligible.add(i)
			r.panicked = true
		}
	}
	for w, alive := range r.eligible {
		r.grade(w, alive, now)
	}
}

// Panicked reports whether the candidates pass only because panic: allow
// dropped rules.
func (r *Result) Panicked() bool { return r.panicked }
