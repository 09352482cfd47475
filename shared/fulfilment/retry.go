package fulfilment

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// reopen gives attempts that failed without effect another try where their
// class allows it and time is left.
func (s *settling) reopen() {
	for i := range s.ledger.Attempts {
		a := &s.ledger.Attempts[i]
		if a.State != broker.NoEffect || !s.mayReopen(i) {
			continue
		}
		wait, again := s.again(a)
		if !again || !s.left(wait) {
			continue
		}
		s.change(a)
		a.Run++
		a.State, a.NotBefore, a.EndedAt = broker.Intent, s.now.Add(wait), time.Time{}
	}
}

// mayReopen reports whether attempt i may have another try. What is given back
// always may; of those that make machines the newest, while any are made.
func (s *settling) mayReopen(i int) bool {
	op := &s.ledger.Operation
	switch {
	case s.ledger.Attempts[i].Undoes > 0:
		return true
	case s.cancelled() || op.GivingBack:
		return false
	}
	return routed(op.Type) || i == len(s.ledger.Attempts)-1
}

// again says whether the same provider is tried again, and after what wait. A
// termination goes on until its deadline: its machines are nowhere else.
func (s *settling) again(a *broker.Attempt) (time.Duration, bool) {
	op := &s.ledger.Operation
	hint := s.delay(a)
	if ends(op, a) {
		return max(hint, backoff(a.Tries)), a.Class != fault.Validation && a.Class != fault.OfferingConfig
	}
	if a.Tries > op.RetryCount {
		return 0, false
	}
	switch a.Class.Rule().Again {
	case fault.Once, fault.Resolving:
		return 0, true
	case fault.AfterHint:
		return hint, hint <= longestHint
	case fault.Never:
	}
	return 0, false
}

// pause is the wait before a provider that could not tell is asked again.
func pause(tries int) time.Duration { return max(shortestPause, backoff(tries)) }

// backoff is the wait after a number of tries: none after the first, then 1,
// 2, 4 … seconds up to a limit.
func backoff(tries int) time.Duration {
	if tries <= 1 {
		return 0
	}
	return min(maxBackoff, time.Second<<min(tries-2, 10))
}

// resolve finds out what an attempt did. Before the deadline its call is
// repeated under its token, until a look-up is what is left to do: one of two
// was made, the provider refuses what it would refuse again, or the operation
// was cancelled. Past the deadline nothing new is made either: the operation is parked as UNKNOWN, and each
// time the reconciler resumes it, it is looked up again.
func (s *settling) resolve(a *broker.Attempt) Decision {
	action, wait := ActResolve, max(backoff(a.Tries), s.delay(a))
	if !a.LookedAt.IsZero() {
		wait = max(wait, s.finalAt(a).Sub(s.now))
	}
	if s.past() || s.cancelled() || !a.LookedAt.IsZero() || a.Class.Rule().Again == fault.Never {
		action = ActFind
	}
	if ends(&s.ledger.Operation, a) {
		action = ActTerminate
	}
	if s.resumed {
		return s.handOver(a, action, s.hinted(a))
	}
	if s.past() || !s.left(wait) {
		return s.park()
	}
	return s.handOver(a, action, wait)
}

// hinted is how long the provider, or its breaker, asked not to be called. A
// pause of our own is over with the workflow that made it.
func (s *settling) hinted(a *broker.Attempt) time.Duration {
	if d := s.delay(a); d > maxBackoff {
		return d
	}
	return 0
}

// Later is when an operation is looked at that has to wait: not beyond its
// deadline, which may say more about it than what it waits for.
func Later(op *broker.Operation, now time.Time, wait time.Duration) time.Time {
	if op.Deadline.After(now) {
		wait = min(wait, op.Deadline.Sub(now))
	}
	return now.Add(wait)
}

// finalAt is when a look-up that agrees with the last one settles the matter.
func (s *settling) finalAt(a *broker.Attempt) time.Time {
	return FinalLook(a, s.rules.Lag(a.Kind))
}

// handOver runs an unknown attempt under a new run.
func (s *settling) handOver(a *broker.Attempt, action Action, wait time.Duration) Decision {
	s.change(a)
	if f := s.seen[a.N]; f.SeenRun == a.Run {
		a.Run++
	}
	a.NotBefore = s.now.Add(wait)
	if s.past() {
		s.unknown()
	}
	return s.run(a, action, Same)
}

// park leaves an unknown outcome to the reconciler.
func (s *settling) park() Decision {
	s.unknown()
	s.ledger.Operation.DueAt = s.now.Add(parkFor)
	return Decision{Verdict: Stop, Step: s.step()}
}

func (s *settling) unknown() {
	op := &s.ledger.Operation
	s.touched = true
	s.overdue()
	op.Status, op.Code = broker.OpUnknown, fault.OutcomeUnknown
	op.Message = "a request was sent and its outcome is not known yet; it is being looked up"
}

// poll asks a provider about what it accepted. Past the deadline what it made
// is looked up instead; machines that are known and not usable by then never
// will be.
func (s *settling) poll(a *broker.Attempt) Decision {
	if Awaits(a) && (s.past() || s.cancelled()) {
		s.cut(a)
		return s.next()
	}
	if s.past() {
		s.change(a)
		a.Run++
		a.State, a.Continuation = broker.UnknownEffect, nil
		return s.resolve(a)
	}
	return s.run(a, ActPoll, Poll)
}
