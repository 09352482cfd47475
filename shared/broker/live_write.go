package broker

import (
	"maps"
	"slices"
	"time"
)

// LiveKind is one of the few ways in which a live row changes.
type LiveKind string

// The kinds, each one conditional write.
const (
	LiveBegin   LiveKind = "begin"   // if CLOSED or DISABLED, or Always, and a retry within the budget: a call starts
	LiveProbe   LiveKind = "probe"   // if not closed, OpenUntil passed, Epoch as seen, and a permit free or expired: a probe starts
	LiveEnd     LiveKind = "end"     // always: a call ends; its result counts if Epoch is current
	LiveReset   LiveKind = "reset"   // if CLOSED and Epoch as seen: the run of failures is over
	LiveTrip    LiveKind = "trip"    // if CLOSED and Epoch as seen: open
	LivePass    LiveKind = "pass"    // if Epoch and permit are mine: a probe succeeded; enough of them close
	LiveFail    LiveKind = "fail"    // if Epoch and permit are mine: a probe failed; open again
	LiveRelease LiveKind = "release" // if Epoch and permit are mine: a probe ended without evidence
	LiveClear   LiveKind = "clear"   // unless somebody holds it open: closed, as new; the provider was registered again
	LiveAllow   LiveKind = "allow"   // if OPEN past Now and Epoch as seen: a probe may come at once
	LiveForce   LiveKind = "force"   // always: somebody holds it open, until OpenUntil if that is set
	LiveLift    LiveKind = "lift"    // if somebody held it open: closed, as new
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
	OpenUntil time.Time // trip, fail, force
	Reason    string    // trip, fail, force
	Source    string    // who does it, not empty: force
	Threshold int       // successes that close: pass
	Started   time.Time // when the call started: begin and probe (= Now), end
	Good, Bad bool      // evidence: end; neither: says nothing about the provider
	Slow      bool      // evidence beside that: end
	Try       LiveTry   // what the call is to the budget of retries: begin
}

// LiveTry is what a call is to the budget of retries.
type LiveTry string

// Calls that are neither cost and pay nothing: what was sent must be found out,
// and what was asked to end must end.
const (
	FirstTry LiveTry = "first"
	Retry    LiveTry = "retry" // if the budget allows it
)

// Lasting reports whether w is somebody's word, which nobody could learn again.
func (w LiveWrite) Lasting() bool { return w.Kind == LiveForce || w.Kind == LiveLift }

// Apply returns l after w, and whether w's condition held; when it did not, l
// comes back unchanged. It is the meaning of each kind, which a store carries
// out as one conditional write.
func (w LiveWrite) Apply(l Live) (Live, bool) {
	if !w.holds(&l) {
		return l, false
	}
	l.Permits, l.InFlight = slices.Clone(l.Permits), maps.Clone(l.InFlight)
	w.change(&l)
	return l, true
}

// holds is the condition of each kind.
func (w LiveWrite) holds(l *Live) bool { //nolint:gocyclo // a table: one condition per kind
	seen := l.Epoch == w.Epoch
	switch w.Kind {
	case LiveBegin:
		return (w.Always || l.closed() || l.State == Disabled) && (w.Try != Retry || l.Retries())
	case LiveProbe:
		return seen && !l.closed() && l.State != Disabled && l.Admits(w.Permits, w.Now)
	case LiveReset, LiveTrip:
		return seen && l.closed()
	case LivePass, LiveFail, LiveRelease:
		return seen && l.State == HalfOpen && l.permitOf(w.Attempt) >= 0
	case LiveAllow:
		return seen && l.State == Open && w.Now.Before(l.OpenUntil)
	case LiveClear:
		return !l.Forced(w.Now)
	case LiveLift:
		return l.Source != ""
	case LiveEnd, LiveForce:
		return true
	}
	return false
}

// change is the effect of each kind.
func (w LiveWrite) change(l *Live) { //nolint:gocyclo // a table: one effect per kind
	switch w.Kind {
	case LiveBegin:
		l.start(w.Started)
		l.pay(w.Try)
	case LiveProbe:
		l.probe(w)
	case LiveEnd:
		l.end(w)
	case LiveReset:
		l.FailRun = 0
	case LiveTrip, LiveFail:
		l.open(w)
	case LivePass:
		l.pass(w)
	case LiveRelease:
		l.release(w.Attempt)
	case LiveAllow:
		l.OpenUntil = w.Now
	case LiveForce:
		l.force(w)
	case LiveClear, LiveLift:
		*l = Live{State: Closed, Epoch: l.Epoch + 1, InFlight: l.InFlight, RetryDebt: l.RetryDebt}
	}
}

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

// pay charges a retry to the budget, and pays for it by first tries.
func (l *Live) pay(t LiveTry) {
	switch {
	case t == Retry:
		l.RetryDebt += RetryCost
	case t == FirstTry && l.RetryDebt > 0:
		l.RetryDebt--
	}
}

func (l *Live) end(w LiveWrite) {
	minute := w.Started.Unix() / 60
	if l.InFlight[minute] > 1 {
		l.InFlight[minute]--
	} else {
		delete(l.InFlight, minute)
	}
	if l.Epoch == w.Epoch && (w.Good || w.Bad) {
		l.count(w)
	}
}

func (l *Live) count(w LiveWrite) {
	slot := w.Now.Unix() / 10
	i := int(slot % int64(len(l.Ring)))
	if i < 0 { // before 1970
		i += len(l.Ring)
	}
	b := &l.Ring[i]
	if b.Slot != slot {
		*b = Bucket{Slot: slot}
	}
	if w.Slow {
		b.Slow++
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
	l.State, l.Epoch, l.OpenUntil, l.Reason, l.Source = Open, l.Epoch+1, w.OpenUntil, w.Reason, ""
	l.renew()
}

func (l *Live) force(w LiveWrite) {
	l.State, l.Epoch, l.OpenUntil, l.Reason, l.Source = ForcedOpen, l.Epoch+1, w.OpenUntil, w.Reason, w.Source
	l.renew()
}

func (l *Live) probe(w LiveWrite) {
	expired := func(p Permit) bool { return !p.Expires.After(w.Now) }
	l.Permits = append(slices.DeleteFunc(l.Permits, expired), Permit{Attempt: w.Attempt, Expires: w.Expires})
	l.State = HalfOpen
	l.start(w.Started)
}

func (l *Live) pass(w LiveWrite) {
	l.release(w.Attempt)
	l.Successes++
	if l.Successes >= w.Threshold {
		l.State, l.Epoch, l.ClosedAt, l.Reason, l.Source = Closed, l.Epoch+1, w.Now, "", ""
		l.renew()
	}
}

func (l *Live) release(attempt string) {
	i := l.permitOf(attempt)
	l.Permits = slices.Delete(l.Permits, i, i+1)
}

// renew forgets what an epoch has gathered.
func (l *Live) renew() {
	l.FailRun, l.Successes, l.Permits, l.Ring = 0, 0, nil, [6]Bucket{}
}
