package selection

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// MaxCandidates is how many providers are ranked: more attempts than that
// would not fit into an operation's time.
const MaxCandidates = 4

// Result is one decision. Its zero value is ready for [Select] or [Filter],
// which may be called any number of times. It belongs to one goroutine, and
// its texts are made when they are asked for.
type Result struct {
	in     Input
	policy *policy
	ticket int64

	rules    []Rule // by provider; of those that are left, LowerTier
	eligible set    // fallbacks are not among them
	reserve  set    // fallbacks that may be ranked
	grades   [gradeCount]set
	first    walk // stands at the tier of the pick
	tiers    walk // stands where ranking got to

	ranked [MaxCandidates]int
	count  int // of ranked
}

// reset forgets the last decision and makes room for the next.
func (r *Result) reset(in *Input) {
	r.in, r.policy, r.ticket, r.count = *in, policyOf(in), 0, 0
	words := len(in.Query.snapshot.all)
	if cap(r.eligible) < words {
		r.rules = make([]Rule, words*wordBits)
		r.eligible, r.reserve = make(set, words), make(set, words)
		for g := range r.grades {
			r.grades[g] = make(set, words)
		}
	}
	r.rules = r.rules[:words*wordBits]
	clear(r.rules)
	r.eligible, r.reserve = r.eligible[:words], r.reserve[:words]
	for g := range r.grades {
		r.grades[g] = r.grades[g][:words]
	}
}

// Rank orders the eligible with the ticket of [Result.Scope], or with any
// number where none is needed. It may be called again with another.
//
// Tiers are taken in the order of their keys, each ordered by the policy with
// the same ticket. Fallbacks come after them and own the last place.
func (r *Result) Rank(ticket int64) {
	r.ticket, r.count = ticket, 0
	places := MaxCandidates
	if !r.reserve.empty() {
		places--
	}
	r.tiers = r.first
	for more := r.tiers.tier.size > 0; more && r.count < places; more = r.tiers.next(r) {
		r.count += r.rankTier(&r.tiers.tier, r.ranked[r.count:places])
	}
	for _, i := range r.in.Query.fallbacks {
		if r.count < MaxCandidates && r.reserve.has(i) {
			r.ranked[r.count] = i
			r.count++
		}
	}
}

// rankTier orders one tier into the places that are left. One member needs no
// policy.
func (r *Result) rankTier(t *tier, places []int) int {
	if t.size == 1 {
		places[0] = t.first
		return 1
	}
	return r.policy.rank(places, r, t)
}

// Policy returns the policy that ranked.
func (r *Result) Policy() broker.Policy { return r.policy.name }

// Ticket returns the ticket that ranked.
func (r *Result) Ticket() int64 { return r.ticket }

// Version returns the version of the snapshot that was read.
func (r *Result) Version() string { return r.in.Query.snapshot.version }

// Picked returns the name of the first candidate; false: there is none.
func (r *Result) Picked() (string, bool) {
	if r.count == 0 {
		return "", false
	}
	return r.name(r.ranked[0]), true
}

// Ranked returns the names of the candidates in failover order.
func (r *Result) Ranked() []string {
	names := make([]string, r.count)
	for k, i := range r.ranked[:r.count] {
		names[k] = r.name(i)
	}
	return names
}

// Eligible returns how many providers passed every filter, fallbacks included.
func (r *Result) Eligible() int {
	n := len(r.eligible) * wordBits
	if n == 0 {
		return 0
	}
	return r.eligible.count(0, n) + r.reserve.count(0, n)
}

// RetryAfter returns how long until the first breaker that refused a provider
// would let a call through; false: waiting alone helps nobody.
func (r *Result) RetryAfter() (time.Duration, bool) {
	q := r.in.Query
	var first time.Duration
	found := false
	for i := range q.snapshot.facts {
		live := &q.snapshot.facts[i].live[q.class]
		if r.rules[i] != BreakerOpen || live.never {
			continue
		}
		if wait := live.admitFrom.Sub(r.in.Now); !found || wait < first {
			first, found = wait, true
		}
	}
	return first, found
}

// Decision returns what is stored with an operation, to take the same decision
// again.
func (r *Result) Decision() broker.Decision {
	return broker.Decision{
		Policy: r.Policy(), Criteria: r.in.Query.request.Criteria, Ticket: r.ticket, TakenAt: r.in.Now,
		Snapshot: r.Version(), Ranked: r.Ranked(), Verdicts: r.Verdicts(),
	}
}

// Confidence returns how sure the pick is, from 0 to 1: the share of the
// eligible probability mass that it holds under its policy, times how fresh
// the newest evidence about it is. The share of one among n equals is 1/n
// under a policy that spreads and 1 under one that always picks the same; a
// provider asked for by name, or the first fallback, has 1. Freshness is
// 60 s / (60 s + age): 1 at age 0, ½ at 60 s, ⅙ at the default check interval.
// The evidence is the newest of the last health check and the last call that
// ended. A provider of which nothing was ever measured has 0, and so has a
// decision without candidates.
func (r *Result) Confidence() float64 {
	if r.count == 0 {
		return 0
	}
	f := &r.in.Query.snapshot.facts[r.ranked[0]]
	at := f.checkedAt
	if call := f.live[r.in.Query.class].lastCall; call.After(at) {
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
	if r.policy.spreads && r.first.tier.size > 1 {
		return 1 / float64(r.first.tier.size)
	}
	return 1
}

func (r *Result) name(i int) string { return r.in.Query.snapshot.facts[i].name }
