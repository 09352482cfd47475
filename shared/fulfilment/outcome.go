package fulfilment

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Made is what a driver answered to a create, a replay or a poll.
type Made struct {
	Machines  []broker.Machine
	Pending   json.RawMessage
	PollAfter time.Duration
	Shortfall []error
	Err       error

	// Settled: the provider keeps what it answered to the token, so that an
	// earlier call of it that is still under way makes nothing more.
	Settled bool
}

// Sending returns a as it is stored just before a call that may have an
// effect: SENT, and sent no later than until. An earlier call of the attempt
// may still leave until its own time; what was looked up before this call says
// nothing about it.
func Sending(a broker.Attempt, now, until time.Time) broker.Attempt {
	a.State, a.SentAt = broker.Sent, now
	if until.After(a.SendBy) {
		a.SendBy = until
	}
	a.NotBefore, a.LookedAt, a.Found = time.Time{}, time.Time{}, 0
	return a
}

// Recorded returns a as a worker stores it. What is still open then is handed
// on under a new run: its state may be what it was before the worker took it
// over, and a decision that was taken on that must not be stored over what the
// worker has learnt.
func Recorded(a broker.Attempt) broker.Attempt {
	if a.State.Reserves() {
		a.Recorded = a.Run
		a.Run++
	}
	return a
}

// Creation returns a after a driver's answer to its call. before is the
// attempt as the worker took it over. When that was UNKNOWN the call repeated
// one whose outcome is not known, and a refusal, or fewer machines than asked
// while the first call may still leave, counts as a first look-up only, unless
// the provider has settled for them.
func Creation(before, a broker.Attempt, m Made, now time.Time) broker.Attempt {
	resolving := before.State == broker.UnknownEffect
	if m.Err != nil {
		return failure(tried(a), fault.AsProvider(m.Err), resolving, now)
	}
	after := answered(a, m, now)
	short, overlaps := a.Worth(m.Machines) < a.Count, before.SendBy.After(a.SentAt)
	if resolving && short && !m.Settled && !after.State.Reserves() && (overlaps || len(m.Machines) == 0) {
		after.State, after.Confirmed, after.EndedAt = broker.UnknownEffect, 0, time.Time{}
		after.LookedAt, after.Found = now, len(m.Machines)
	}
	return after
}

// Polling returns a after a driver's answer to a poll. One that failed says
// nothing about what was accepted: that goes on filling.
func Polling(a broker.Attempt, m Made, now time.Time) broker.Attempt {
	if m.Err == nil {
		return answered(a, m, now)
	}
	a = explain(tried(a), fault.AsProvider(m.Err), now)
	return notBefore(a, now.Add(pause(a.Tries)))
}

// answered returns a after an answer with machines, reasons or both.
func answered(a broker.Attempt, m Made, now time.Time) broker.Attempt {
	a = tried(a)
	a.Machines, a.Continuation = m.Machines, m.Pending
	worst := worstOf(m.Shortfall)
	if worst != nil {
		a = explain(a, worst, now)
	}
	switch {
	case m.Pending != nil:
		return notBefore(a, now.Add(max(m.PollAfter, shortestPause)))
	case worst != nil && worst.Ambiguous():
		a.State = broker.UnknownEffect
		return a
	}
	return conclude(a, a.Worth(m.Machines), now)
}

// tried counts a try and forgets what the one before complained of.
func tried(a broker.Attempt) broker.Attempt {
	a.Tries++
	a.Class, a.Code, a.Message, a.NotBefore = fault.None, "", "", time.Time{}
	return a
}

// notBefore makes at the earliest time of the next call, unless the provider
// asked for a later one.
func notBefore(a broker.Attempt, at time.Time) broker.Attempt {
	if at.After(a.NotBefore) {
		a.NotBefore = at
	}
	return a
}

// Termination returns a after a driver's answer to a terminate. Of machines
// that are to be given back all are tried again while one is left.
func Termination(a broker.Attempt, results []broker.MachineResult, err error, now time.Time) broker.Attempt {
	a = tried(a)
	if err != nil {
		return failure(a, fault.AsProvider(err), false, now)
	}
	a.Results = results
	ended := 0
	for _, r := range results {
		if r.Terminated {
			ended++
		} else if a.Message == "" {
			a.Class, a.Message = fault.Server, r.MachineID+": "+r.Message
		}
	}
	a = conclude(a, ended, now)
	if a.Undoes > 0 && ended < a.Count {
		a.State = broker.NoEffect
	}
	return a
}

// Reading returns a after a driver's answer to a call without effect.
func Reading(a broker.Attempt, machines []broker.Machine, output json.RawMessage, err error, now time.Time) broker.Attempt {
	a = tried(a)
	if err != nil {
		a = explain(a, fault.AsProvider(err), now)
		a.State, a.EndedAt = broker.NoEffect, now
		return a
	}
	a.Machines, a.Output = machines, output
	a.State, a.Confirmed, a.EndedAt = broker.Confirmed, a.Count, now
	return a
}

// Refusal returns a after our own gate said no: nothing was sent now. What was
// unknown stays unknown, and what was accepted goes on filling.
func Refusal(a broker.Attempt, why string, until, now time.Time) broker.Attempt {
	before := a
	a = tried(a)
	a.Class, a.Code, a.Message, a.NotBefore = fault.Refused, "refused", why, until
	switch a.State {
	case broker.Intent:
		a.State, a.EndedAt = broker.NoEffect, now
	case broker.Sent:
		if a = notBefore(a, now.Add(pause(a.Tries))); Awaits(&a) {
			a = shortAs(a, before)
		}
	case broker.Confirmed, broker.NoEffect, broker.UnknownEffect:
	}
	return a
}

// Lookup returns a after a look-up by token that began at now. One look proves
// nothing where a machine may exist unseen, or while a call may still leave:
// the outcome is final when a second look, begun at [FinalLook] or later,
// agrees with the first.
func Lookup(a broker.Attempt, machines []broker.Machine, err error, lag time.Duration, now time.Time) broker.Attempt {
	a.Tries++
	if err != nil {
		p := fault.AsProvider(err)
		a = explain(a, p, now)
		a.State = broker.UnknownEffect
		return a
	}
	a.Machines = machines
	settled := !now.Before(a.SendBy) && (lag == 0 || agrees(&a, len(machines), lag, now))
	if settled {
		if len(machines) == 0 && a.Class == fault.None {
			a.Class, a.Code, a.Message = fault.Server, "absent", "two look-ups found nothing: the request had no effect"
		}
		return conclude(a, a.Worth(machines), now)
	}
	if a.LookedAt.IsZero() || a.Found != len(machines) || now.Before(a.SendBy) {
		a.LookedAt, a.Found = now, len(machines)
	}
	a.State = broker.UnknownEffect
	return a
}

func agrees(a *broker.Attempt, found int, lag time.Duration, now time.Time) bool {
	return !a.LookedAt.IsZero() && a.Found == found && !now.Before(FinalLook(a, lag))
}

// FinalLook is when a look-up that agrees with the last one settles what an
// attempt did: a consistency lag after that look and after the last moment at
// which a call may have left.
func FinalLook(a *broker.Attempt, lag time.Duration) time.Time {
	at := a.LookedAt
	if at.Before(a.SendBy) {
		at = a.SendBy
	}
	return at.Add(lag)
}

// failure records a call that failed.
func failure(a broker.Attempt, p *fault.ProviderError, resolving bool, now time.Time) broker.Attempt {
	a = explain(a, p, now)
	switch {
	case p.Ambiguous():
		a.State = broker.UnknownEffect
	case resolving && p.Sent:
		a.State, a.LookedAt, a.Found = broker.UnknownEffect, now, 0
	case resolving:
		a.State = broker.UnknownEffect
	default:
		a.State, a.EndedAt = broker.NoEffect, now
	}
	return a
}

// conclude closes an attempt with n machines, or units.
func conclude(a broker.Attempt, n int, now time.Time) broker.Attempt {
	a.Confirmed, a.EndedAt, a.Continuation = n, now, nil
	a.State = broker.Confirmed
	if n == 0 {
		a.State = broker.NoEffect
		if a.Class == fault.None {
			a.Class, a.Message = fault.Capacity, "the provider gave no machine and no reason"
		}
	}
	return a
}

func explain(a broker.Attempt, p *fault.ProviderError, now time.Time) broker.Attempt {
	a.Class, a.Code, a.Message = p.Class, p.Code, p.Message
	if p.RetryAfter > 0 {
		a.NotBefore = now.Add(p.RetryAfter)
	}
	return a
}

// order ranks what a partial answer complains of: what may have happened,
// then what no other try here would mend.
var order = []fault.Class{
	fault.Timeout, fault.Server, fault.Cancelled, fault.Auth, fault.Validation, fault.Quota, fault.Capacity,
	fault.Throttle, fault.OfferingConfig, fault.Down, fault.Refused,
}

// worstOf returns the error that decides what a short answer means, or nil.
func worstOf(errs []error) *fault.ProviderError {
	var worst *fault.ProviderError
	for _, err := range errs {
		p := fault.AsProvider(err)
		if worst == nil || rank(p) < rank(worst) {
			worst = p
		}
	}
	return worst
}

func rank(p *fault.ProviderError) int {
	if !p.Ambiguous() && p.Class.Rule().Ambiguous {
		return len(order) // failed without effect: the least telling
	}
	return slices.Index(order, p.Class)
}
