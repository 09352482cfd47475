package selection

import (
	"math/bits"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Input is all that one decision reads.
type Input struct {
	Query  *Query
	Policy broker.Policy // "": the snapshot's default; see [Known]
	Ticket int64         // read by Select when the policy takes tickets
	// Seed is what RANDOM draws from, any text that is new for each decision:
	// the operation's id.
	Seed string
	// AffinityKey is what STICKY keeps together; "": the seed.
	AffinityKey string
	Now         time.Time
}

// Select decides: it fills dst with the ranked candidates and what every
// provider's verdict follows from. dst is reused, without allocating once it
// has seen a snapshot of this size, and refers to in's query until the next
// decision. A policy that is not [Known] ranks as FIRST_AVAILABLE, and
// [Result.Policy] says so.
func Select(dst *Result, in Input) {
	dst.filter(&in)
	dst.Rank(in.Ticket)
}

// Filter takes the part of the decision that needs no ticket: who is eligible.
// [Result.Rank] completes it.
func Filter(dst *Result, in Input) { dst.filter(&in) }

func (r *Result) filter(in *Input) {
	r.reset(in)
	q := in.Query
	now := unixNano(in.Now)
	for w, alive := range q.snapshot.all {
		alive = r.drop(w, alive, q.hard)
		alive = r.dropPricey(w, alive)
		alive = r.dropGated(w, alive, now)
		alive = r.dropUnhealthy(w, alive)
		r.reserve[w] = alive & q.fallback[w]
		alive = r.dropBlocked(w, alive&^q.fallback[w], now)
		alive = r.drop(w, alive, q.soft)
		alive = r.dropPoor(w, alive)
		r.eligible[w] = alive
		r.grade(w, alive, now)
	}
	if q.panics && r.Eligible() == 0 {
		r.waive(now)
	}
	r.first = walk{}
	r.first.next(r)
}

// drop refuses by sets and returns who is left of the word.
func (r *Result) drop(w int, alive uint64, filters []column) uint64 {
	for i := range filters {
		if bad := alive & filters[i].bad[w]; bad != 0 {
			alive = r.refuse(w, alive, bad, filters[i].rule)
		}
	}
	return alive
}

// refuse notes the rule for every bad provider and returns who is left.
func (r *Result) refuse(w int, alive, bad uint64, rule Rule) uint64 {
	rules := r.rules[w*wordBits:][:wordBits]
	for b := bad; b != 0; b &= b - 1 {
		rules[bits.TrailingZeros64(b)&(wordBits-1)] = rule
	}
	return alive &^ bad
}

func (r *Result) dropPricey(w int, alive uint64) uint64 {
	q := r.in.Query
	if !q.priced {
		return alive
	}
	return r.refuse(w, alive, above(q.snapshot.price, w, alive, q.maxPrice), PriceTooHigh)
}

// dropGated refuses who must not be called now: by its breaker, or because it
// asked for time.
func (r *Result) dropGated(w int, alive uint64, now int64) uint64 {
	q := r.in.Query
	c := &q.snapshot.classes[q.class]
	if gated := alive & c.gated[w]; q.gated && gated != 0 {
		alive = r.refuse(w, alive, above(c.admitFrom, w, gated, now), BreakerOpen)
	}
	if delayed := alive & q.snapshot.delayed[w]; delayed != 0 {
		alive = r.refuse(w, alive, above(q.snapshot.notBefore, w, delayed, now), NotBefore)
	}
	return alive
}

// dropUnhealthy refuses what a strict policy never takes, and, unless it is a
// fallback, whom nobody has checked.
func (r *Result) dropUnhealthy(w int, alive uint64) uint64 {
	q := r.in.Query
	if !r.policy.strict || !q.judged {
		return alive
	}
	alive = r.refuse(w, alive, alive&q.snapshot.unhealthy[w], NotHealthy)
	return r.refuse(w, alive, alive&q.snapshot.unchecked[w]&^q.fallback[w], NotCheckedYet)
}

func (r *Result) dropBlocked(w int, alive uint64, now int64) uint64 {
	q := r.in.Query
	if blocked := alive & q.blocked[w]; blocked != 0 {
		return r.refuse(w, alive, above(q.until, w, blocked, now), OfferingBlocked)
	}
	return alive
}

// dropPoor refuses by measured figures. Who has none passes: missing is never
// zero.
func (r *Result) dropPoor(w int, alive uint64) uint64 {
	q := r.in.Query
	c := &q.snapshot.classes[q.class]
	if q.timed {
		alive = r.refuse(w, alive, above(c.response, w, alive, q.slowest), TooSlow)
	}
	if q.rated {
		alive = r.refuse(w, alive, below(c.success, w, alive&c.rated[w], q.lowest), SuccessTooLow)
	}
	return alive
}

// above returns those of a word whose value is larger than the limit.
func above[T int64 | float64 | time.Duration](column []T, w int, alive uint64, limit T) uint64 {
	var bad uint64
	values := column[w*wordBits:][:wordBits]
	for b := alive; b != 0; b &= b - 1 {
		i := bits.TrailingZeros64(b) & (wordBits - 1)
		if values[i] > limit {
			bad |= 1 << i
		}
	}
	return bad
}

// below returns those of a word whose value is smaller than the limit.
func below(column []float64, w int, alive uint64, limit float64) uint64 {
	var bad uint64
	values := column[w*wordBits:][:wordBits]
	for b := alive; b != 0; b &= b - 1 {
		i := bits.TrailingZeros64(b) & (wordBits - 1)
		if values[i] < limit {
			bad |= 1 << i
		}
	}
	return bad
}
