package breaker

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Caller is a call that wants in.
type Caller struct {
	Attempt string        // names the call; no other call in progress has the same
	Now     time.Time     // when it starts
	Lease   time.Duration // how long a probe may keep its permit: the call's time-out and a little more

	Try broker.LiveTry // what the call is to the budget of retries; a probe costs nothing
}

// View returns the breaker's state as read at now.
func View(l *broker.Live, now time.Time) broker.BreakerState { return l.StateAt(now) }

// Admit returns the conditional write that lets the caller in, given the row
// that it saw: begin, or probe while half-open. False: it is denied, and must
// not call; see [RetryAt]. With breakers configured off every caller is let in
// but a retry beyond the budget.
func Admit(l broker.Live, cfg broker.BreakerConfig, c Caller) (broker.LiveWrite, bool) {
	begin := broker.LiveWrite{Kind: broker.LiveBegin, Now: c.Now, Started: c.Now, Always: !cfg.Enabled, Try: c.Try}
	if state := View(&l, c.Now); begin.Always || state == broker.Closed || state == broker.Disabled {
		return begin, c.Try != broker.Retry || l.Retries()
	}
	if !l.Admits(cfg.HalfOpenMaxCalls, c.Now) {
		return broker.LiveWrite{}, false
	}
	return broker.LiveWrite{
		Kind: broker.LiveProbe, Now: c.Now, Started: c.Now, Epoch: l.Epoch,
		Attempt: c.Attempt, Expires: c.Now.Add(c.Lease), Permits: cfg.HalfOpenMaxCalls,
	}, true
}

// RetryAt returns from when a caller that was denied may be let in: a bound,
// since probes may end before their lease or fail. False: not before somebody
// releases the breaker.
func RetryAt(l broker.Live, cfg broker.BreakerConfig) (time.Time, bool) {
	return l.AdmitsFrom(cfg.HalfOpenMaxCalls)
}

// Call is a call that was let in. It belongs to one caller.
type Call struct {
	probe    bool
	epoch    int64
	openings int // as counted when it was let in
	attempt  string
	started  time.Time
}

// Began returns the call that w let in; l is the row after it.
func Began(w broker.LiveWrite, l broker.Live) Call {
	return Call{
		probe: w.Kind == broker.LiveProbe, epoch: l.Epoch, openings: l.Openings(w.Now),
		attempt: w.Attempt, started: w.Started,
	}
}

// Probe reports whether the call holds a half-open permit: it should risk as
// little as it can, one machine at most.
func (c Call) Probe() bool { return c.probe }
