package broker

import (
	"maps"
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
}

// Live is a breaker with what is in flight, shared by all callers of a
// provider. Its zero value is a closed breaker that was never used. It is
// changed by [LiveWrite] only.
type Live struct {
	State     BreakerState    `json:"state,omitempty"`
	Epoch     int64           `json:"epoch"`               // one more at each change of state; late answers of an old epoch count nowhere
	OpenUntil time.Time       `json:"open_until"`          // OPEN past it is half-open by reading
	Reason    string          `json:"reason,omitempty"`    // why it opened
	FailRun   int             `json:"fail_run,omitempty"`  // failures since the last success
	Opens     int             `json:"opens,omitempty"`     // openings in a row: each doubles the time open
	Successes int             `json:"successes,omitempty"` // successful probes of this epoch
	ClosedAt  time.Time       `json:"closed_at"`           // when probes last closed it
	Permits   []Permit        `json:"permits,omitempty"`   // half-open probes in progress
	InFlight  map[int64]int64 `json:"in_flight,omitempty"` // by minute of start: a crashed caller leaks one slot for a while, never for ever
	Ring      [6]Bucket       `json:"ring"`                // the last minute
}

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

// Openings returns how many openings in a row count at now: one is forgotten
// for each whole minute that the row has been closed since.
func (l *Live) Openings(now time.Time) int {
	if !l.closed() || l.ClosedAt.IsZero() {
		return l.Opens
	}
	forgotten := max(0, int(now.Sub(l.ClosedAt)/time.Minute))
	return max(0, l.Opens-forgotten)
}

// LiveKind is one of the few ways in which a live row changes.
type LiveKind string

// The kinds, each one conditional write.
const (
	LiveBegin   LiveKind = "begin"   // if CLOSED or DISABLED, or Always: a call starts
	LiveProbe   LiveKind = "probe"   // if not closed, OpenUntil passed, Epoch as seen, and a permit free or expired: a probe starts
	LiveEnd     LiveKind = "end"     // always: a call ends; its result counts if Epoch is current
	LiveReset   LiveKind = "reset"   // if CLOSED and Epoch as seen: the run of failures is over
	LiveTrip    LiveKind = "trip"    // if CLOSED and Epoch as seen: open
	LivePass    LiveKind = "pass"    // if Epoch and permit are mine: a probe succeeded; enough of them close
	LiveFail    LiveKind = "fail"    // if Epoch and permit are mine: a probe failed; open again
	LiveRelease LiveKind = "release" // if Epoch and permit are mine: a probe ended without evidence
	LiveClear   LiveKind = "clear"   // always: closed, as new; the provider was registered again
)

// LiveWrite is one conditional change of a live row. Which fields count
// depends on Kind.
type LiveWrite struct {
	Kind      LiveKind
	Now       time.Time
	Epoch     int64     // as seen by the writer
	Attempt   string    // the permit's holder: probe, pass, fail, release
	Expires   time.Time // end of the permit's lease: probe
	Permits   int       // how many permits there are: probe
	Always    bool      // breakers are configured off: begin in any state
	OpenUntil time.Time // trip, fail
	Reason    string    // trip, fail
	Threshold int       // successes that close: pass
	Started   time.Time // when the call started: begin and probe (= Now), end
	Good, Bad bool      // evidence: end; neither: says nothing about the provider
}

// Apply returns l after w, and whether w's condition held; when it did not, l
// comes back unchanged. It is the meaning of each kind, which a store carries
// out as one conditional write.
func (w LiveWrite) Apply(l Live) (Live, bool) {
	l = l.clone()
	switch w.Kind {
	case LiveBegin:
		if !l.closed() && l.State != Disabled && !w.Always {
			return l, false
		}
		l.start(w.Started)
	case LiveProbe:
		return l.probe(w)
	case LiveEnd:
		l.end(w)
	case LiveReset:
		if !l.closed() || l.Epoch != w.Epoch {
			return l, false
		}
		l.FailRun = 0
	case LiveTrip:
		if !l.closed() || l.Epoch != w.Epoch {
			return l, false
		}
		l.open(w)
	case LivePass, LiveFail, LiveRelease:
		return l.report(w)
	case LiveClear:
		l = Live{State: Closed, Epoch: l.Epoch + 1, InFlight: l.InFlight}
	default:
		return l, false
	}
	return l, true
}

func (l Live) clone() Live {
	l.Permits = slices.Clone(l.Permits)
	l.InFlight = maps.Clone(l.InFlight)
	return l
}

func (l *Live) closed() bool { return l.State == "" || l.State == Closed }

func (l *Live) start(at time.Time) {
	minute := at.Unix() / 60
	if l.InFlight == nil {
		l.InFlight = map[int64]int64{}
	}
	for m := range l.InFlight { // bounded: forget what can no longer be in flight
		if m < minute-inFlightMinutes {
			delete(l.InFlight, m)
		}
	}
	l.InFlight[minute]++
}

func (l *Live) end(w LiveWrite) {
	minute := w.Started.Unix() / 60
	if l.InFlight[minute] > 1 {
		l.InFlight[minute]--
	} else {
		delete(l.InFlight, minute)
	}
	if l.Epoch != w.Epoch || (!w.Good && !w.Bad) {
		return
	}
	slot := w.Now.Unix() / 10
	b := &l.Ring[uint64(slot)%uint64(len(l.Ring))]
	if b.Slot != slot {
		*b = Bucket{Slot: slot}
	}
	if w.Bad {
		b.Bad++
		l.FailRun++
		return
	}
	b.Good++
}

func (l *Live) open(w LiveWrite) {
	l.Opens = l.Openings(w.Now) + 1
	l.State, l.Epoch, l.OpenUntil, l.Reason = Open, l.Epoch+1, w.OpenUntil, w.Reason
	l.FailRun, l.Successes, l.Permits, l.Ring = 0, 0, nil, [6]Bucket{}
}

func (l Live) probe(w LiveWrite) (Live, bool) {
	if l.closed() || l.State == Disabled || l.Epoch != w.Epoch || !l.Admits(w.Permits, w.Now) {
		return l, false
	}
	expired := func(p Permit) bool { return !p.Expires.After(w.Now) }
	l.Permits = append(slices.DeleteFunc(l.Permits, expired), Permit{Attempt: w.Attempt, Expires: w.Expires})
	l.State = HalfOpen
	l.start(w.Started)
	return l, true
}

func (l Live) report(w LiveWrite) (Live, bool) {
	i := slices.IndexFunc(l.Permits, func(p Permit) bool { return p.Attempt == w.Attempt })
	if l.State != HalfOpen || l.Epoch != w.Epoch || i < 0 {
		return l, false
	}
	l.Permits = slices.Delete(l.Permits, i, i+1)
	switch w.Kind {
	case LiveFail:
		l.open(w)
	case LivePass:
		l.Successes++
		if l.Successes >= w.Threshold {
			l.State, l.Epoch, l.ClosedAt, l.Reason = Closed, l.Epoch+1, w.Now, ""
			l.FailRun, l.Successes, l.Permits, l.Ring = 0, 0, nil, [6]Bucket{}
		}
	}
	return l, true
}
