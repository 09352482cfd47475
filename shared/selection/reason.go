package selection

import (
	"fmt"
	"strings"
)

// Reason returns in one sentence why the pick is the pick, or why there is
// none.
func (r *Result) Reason() string {
	q := r.in.Query
	name, ok := r.Picked()
	switch {
	case q.snapshot.Len() == 0:
		return "no provider is registered"
	case !ok:
		return "no provider is eligible: " + r.refusals()
	case r.panicked:
		return fmt.Sprintf("%s because of panic: allow: nobody passes the rules about health", name)
	case q.request.Override != "":
		return fmt.Sprintf("%s was asked for by strategy_override", name)
	case r.first.tier.size == 0:
		return name + " is the first fallback that is eligible, and no other provider is"
	case r.first.tier.size == 1:
		return fmt.Sprintf("%s %s", name, r.alone())
	case r.explored():
		return fmt.Sprintf("%s by %s among %s, ticket %d: one in %d goes where the data is oldest",
			name, r.policy.name, r.peers(), r.ticket, exploreEvery)
	case r.Scope() != "":
		return fmt.Sprintf("%s by %s among %s, ticket %d", name, r.policy.name, r.peers(), r.ticket)
	default:
		return fmt.Sprintf("%s by %s among %s", name, r.policy.name, r.peers())
	}
}

// alone says why the pick has no equals.
func (r *Result) alone() string {
	s, i := r.in.Query.snapshot, r.ranked[0]
	rivals := r.eligible.count(0, s.tierEnd[i]) - 1 // of the same priority or a better one
	switch {
	case r.Eligible() == 1:
		return "is the only provider that is eligible"
	case r.in.Query.preferred.has(i):
		return "is preferred"
	case rivals > 0:
		return fmt.Sprintf("is first by health, then by priority, %d", s.facts[i].priority)
	default:
		return fmt.Sprintf("has the best priority, %d", s.facts[i].priority)
	}
}

func (r *Result) peers() string {
	return fmt.Sprintf("%d equals of priority %d", r.first.tier.size, r.in.Query.snapshot.facts[r.ranked[0]].priority)
}

// refusals counts the providers that each rule refused: "2 breaker_open, 1
// excluded", in the order of the rules.
func (r *Result) refusals() string {
	var counts [ruleCount]int
	for i := range r.in.Query.snapshot.facts {
		counts[r.rule(i)]++
	}
	var parts []string
	for rule := Excluded; rule < ruleCount; rule++ {
		if counts[rule] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[rule], rule))
		}
	}
	return strings.Join(parts, ", ")
}

// explored reports whether the pick was explored.
func (r *Result) explored() bool { return r.mayExplore() && r.ticket%exploreEvery == 0 }
