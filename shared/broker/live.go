package broker

import (
	"slices"
	"time"
)

// BreakerState is the stored state of a breaker.
type BreakerState string

// The states. The empty state of a row that was never written is Closed.
const (
	Closed     BreakerState = "CLOSED"
	Open       BreakerState = "OPEN"
	HalfOpen   BreakerState = "HALF_OPEN"
	ForcedOpen BreakerState = "FORCED_OPEN" // by an operator
	Disabled   BreakerState = "DISABLED"    // counts, never blocks
)

// Values lists the states.
func (BreakerState) Values() []string {
	return []string{string(Closed), string(Open), string(HalfOpen), string(ForcedOpen), string(Disabled)}
}

// Breaker classes: a provider's mutations and its reads fail separately.
const (
	ClassMutate = "mutate"
	ClassRead   = "read"
)

// LiveKey names a live row.
type LiveKey struct {
	Provider string
	Class    string // ClassMutate or ClassRead
}

// Permit is one half-open probe in progress. Past Expires it is free again:
// a prober that died blocks nobody.
type Permit struct {
	Attempt string    `json:"attempt"`
	Expires time.Time `json:"expires"`
}

// Bucket counts the calls that ended within ten seconds.
type Bucket struct {
	Slot int64 `json:"slot"` // Unix time / 10 s
	Good int64 `json:"good"`
	Bad  int64 `json:"bad"`
	Slow int64 `json:"slow,omitempty"` // of these, good or bad
}

// Live is a breaker with what is in flight, shared by all callers of a
// provider. Its zero value is a closed breaker that was never used. It is
// changed by [LiveWrite] only.
type Live struct {
	State     BreakerState    `json:"state,omitempty"`
	Epoch     int64           `json:"epoch"`                // one more at each change of state; late answers of an old epoch count nowhere
	OpenUntil time.Time       `json:"open_until"`           // OPEN past it is half-open by reading
	Reason    string          `json:"reason,omitempty"`     // why it opened
	Source    string          `json:"source,omitempty"`     // who forced it open; "": what became of calls and checks
	FailRun   int             `json:"fail_run,omitempty"`   // failures since the last success
	Opens     int             `json:"opens,omitempty"`      // openings in a row: each doubles the time open
	Successes int             `json:"successes,omitempty"`  // successful probes of this epoch
	ClosedAt  time.Time       `json:"closed_at"`            // when probes last closed it
	Permits   []Permit        `json:"permits,omitempty"`    // half-open probes in progress
	InFlight  map[int64]int64 `json:"in_flight,omitempty"`  // by minute of start: a crashed caller leaks one slot for a while, never for ever
	Ring      [6]Bucket       `json:"ring"`                 // the last minute
	RetryDebt int64           `json:"retry_debt,omitempty"` // what retries owe to first tries
}

// The budget of retries, as a debt that callers share: a retry costs as much as
// so many first tries pay back, and none is made on more credit than there is.
// So there are at most RetryCredit/RetryCost retries, and one more for each
// RetryCost first tries: a fifth. After Finagle's RetryBudget, without its
// expiry, which would take a clock.
const (
	RetryCost   = 5
	RetryCredit = 50
)

// Retries reports whether a retry is within the budget.
func (l *Live) Retries() bool { return l.RetryDebt+RetryCost <= RetryCredit }

// inFlightMinutes is how long a started call may count: longer than the
// longest operation step.
const inFlightMinutes = 15

// Calls returns how many calls are in flight at now.
func (l *Live) Calls(now time.Time) int64 {
	var n int64
	oldest := now.Unix()/60 - inFlightMinutes
	for minute, c := range l.InFlight {
		if minute >= oldest && c > 0 {
			n += c
		}
	}
	return n
}

// Window adds up the calls that ended within so long before now, in whole tens
// of seconds, the one of now included.
func (l *Live) Window(now time.Time, length time.Duration) (sum Bucket) {
	sum.Slot = now.Unix() / 10
	oldest := sum.Slot - int64(length/(10*time.Second)) + 1
	for _, b := range l.Ring {
		if b.Slot >= oldest && b.Slot <= sum.Slot {
			sum.Good += b.Good
			sum.Bad += b.Bad
			sum.Slow += b.Slow
		}
	}
	return sum
}

// StateAt returns the state as read at now: there are no timers, so OPEN past
// OpenUntil is HALF_OPEN, and so is FORCED_OPEN when the operator set an end.
func (l *Live) StateAt(now time.Time) BreakerState {
	switch {
	case l.closed():
		return Closed
	case l.State == Open && !now.Before(l.OpenUntil):
		return HalfOpen
	case l.State == ForcedOpen && !l.OpenUntil.IsZero() && !now.Before(l.OpenUntil):
		return HalfOpen
	default:
		return l.State
	}
}

// AdmitsFrom returns the time from which a call is let through if nothing else
// changes the row: the zero time when it always is (CLOSED, DISABLED), else
// when OpenUntil has passed and one of so many permits is free or expired.
// False: never by itself (FORCED_OPEN without an end, or no permits at all).
func (l *Live) AdmitsFrom(permits int) (time.Time, bool) {
	if l.closed() || l.State == Disabled {
		return time.Time{}, true
	}
	if permits < 1 || l.State == ForcedOpen && l.OpenUntil.IsZero() {
		return time.Time{}, false
	}
	from := l.OpenUntil
	if len(l.Permits) < permits {
		return from, true
	}
	ends := make([]time.Time, len(l.Permits))
	for i, p := range l.Permits {
		ends[i] = p.Expires
	}
	slices.SortFunc(ends, time.Time.Compare)
	if free := ends[len(ends)-permits]; free.After(from) { // then fewer than permits are left
		from = free
	}
	return from, true
}

// Admits reports whether a call is let through at now, by a free permit if the
// row is not closed. It is a reading: only [LiveWrite] takes the permit.
func (l *Live) Admits(permits int, now time.Time) bool {
	from, ok := l.AdmitsFrom(permits)
	return ok && !now.Before(from)
}

// Forced reports whether somebody holds the row open at now.
func (l *Live) Forced(now time.Time) bool { return l.StateAt(now) == ForcedOpen }

// Openings returns how many openings in a row count at now: one is forgotten
// for each whole minute that the row has been closed since.
func (l *Live) Openings(now time.Time) int {
	if !l.closed() || l.ClosedAt.IsZero() {
		return l.Opens
	}
	forgotten := max(0, int(now.Sub(l.ClosedAt)/time.Minute))
	return max(0, l.Opens-forgotten)
}

func (l *Live) closed() bool { return l.State == "" || l.State == Closed }

func (l *Live) permitOf(attempt string) int {
	return slices.IndexFunc(l.Permits, func(p Permit) bool { return p.Attempt == attempt })
}
