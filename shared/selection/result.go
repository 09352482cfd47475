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
	waived   []Rule // by provider, when panicked: the rule that was dropped
	panicked bool
	eligible set // fallbacks are not among them
	reserve  set // fallbacks that may be ranked
	grades   [gradeCount]set
	first    walk // stands at the tier of the pick
	tiers    walk // stands where ranking got to

	ranked [MaxCandidates]int
	count  int // of ranked

	// Scratch of ranking one tier.
	nth       int // of the tiers that were ranked
	tierSet   set // the members
	left      set // those that have no place yet
	equals    set // the best of them, as some policies have it
	held      set // those that sit this decision out
	draws     draws
	key       uint64 // of STICKY
	schedules [MaxCandidates]schedule
}

// reset forgets the last decision and makes room for the next.
func (r *Result) reset(in *Input) {
	r.in, r.policy, r.ticket, r.count, r.panicked = *in, policyOf(in), 0, 0, false
	r.in.Now = in.Now.Round(0) // without the monotonic clock, which nobody can store
	words := len(in.Query.snapshot.all)
	if cap(r.eligible) < words {
		r.rules, r.waived = make([]Rule, words*wordBits), make([]Rule, words*wordBits)
		for _, s := range r.sets() {
			*s = make(set, words)
		}
	}
	r.rules, r.waived = r.rules[:words*wordBits], r.waived[:words*wordBits]
	clear(r.rules)
	for _, s := range r.sets() {
		*s = (*s)[:words]
	}
}

func (r *Result) sets() [9]*set {
	return [9]*set{
		&r.eligible, &r.reserve, &r.grades[sound], &r.grades[degraded], &r.grades[sick],
		&r.tierSet, &r.left, &r.equals, &r.held,
	}
}

// class is what is known of the breaker class of the decision.
func (r *Result) class() *class { return &r.in.Query.snapshot.classes[r.in.Query.class] }

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

// RetryAfter returns how long until the first of those that are held back for a
// time, by a breaker, at their own wish or for want of an offering, would be
// asked; false: waiting alone helps nobody.
func (r *Result) RetryAfter() (time.Duration, bool) {
	q := r.in.Query
	var first time.Duration
	found := false
	for i := range q.snapshot.facts {
		live := &q.snapshot.facts[i].live[q.class]
		var until time.Time
		switch rule := r.rules[i]; {
		case rule == BreakerOpen && !live.never:
			until = live.admitFrom
		case rule == NotBefore:
			until = q.snapshot.facts[i].notBefore
		case rule == OfferingBlocked:
			until = time.Unix(0, q.until[i])
		default:
			continue
		}
		if wait := until.Sub(r.in.Now); !found || wait < first {
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
		Seed: r.in.Seed, AffinityKey: r.in.AffinityKey, Origin: r.in.Query.request.Origin,
		Snapshot: r.Version(), Ranked: r.Ranked(), Verdicts: r.Verdicts(),
	}
}

func (r *Result) name(i int) string { return r.in.Query.snapshot.facts[i].name }
