package fulfilment

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Cancel decides what becomes of an operation that is wanted no more. What was
// never sent is given up; when nothing else is open the operation ends at once.
// What was sent cannot be called back: it is finished or found out, by whoever
// has it, and then the operation ends with what was made, or gives that back.
// It is a decision as any other, so that of a cancellation and a worker that
// sends one comes first. An attempt in it is for a workflow of its own: the one
// that was may have ended with the attempt that it had.
//
// The decision is Done, with nothing to store, for an operation that has ended
// or was cancelled before.
func Cancel(l broker.Ledger, by broker.Cancellation, rules Rules, now time.Time) Decision {
	s := open(l, rules, now)
	op := &s.ledger.Operation
	if !op.Status.Open() || op.Cancelled != nil {
		return Decision{Verdict: Done}
	}
	before := op.Status
	op.Cancelled, s.touched = &by, true
	s.tells = append(s.tells, broker.CancellationEvent(op))
	s.giveUp()
	d := s.rest()
	d.Step.Audits = broker.CancellationAudit(before, &d.Step.Operation, by.Actor)
	return d
}

// rest decides what is left to do for an operation that is wanted no more.
func (s *settling) rest() Decision {
	if s.ledger.Operation.GivingBack || s.out() { // who has it goes on
		return Decision{Verdict: Wait, Step: s.step()}
	}
	d := s.end()
	if d.Attempt.N > 0 {
		d.Step.Operation.Resumes++
	}
	return d
}

// Final reports whether cancelling an operation would come too late to mean
// anything: a termination that was sent to some owner, for what is gone does
// not come back, and the rest of it is wanted by whoever pays; and a scheduler's
// request whose answer is final, for its machines are somebody's.
func Final(l *broker.Ledger) bool {
	if r := l.Operation.Request; r != nil && !r.ClosedAt.IsZero() {
		return true
	}
	if l.Operation.Type != broker.TerminateInstances {
		return false
	}
	for i := range l.Attempts {
		if !l.Attempts[i].SentAt.IsZero() {
			return true
		}
	}
	return false
}

// out reports whether the outcome of some attempt is open.
func (s *settling) out() bool {
	for i := range s.ledger.Attempts {
		if s.ledger.Attempts[i].State.Reserves() {
			return true
		}
	}
	return false
}

// cancelled reports whether the operation is wanted no more.
func (s *settling) cancelled() bool { return s.ledger.Operation.Cancelled != nil }

// giveUp ends, at the deadline or at a cancellation, what was never sent.
func (s *settling) giveUp() {
	for i := range s.ledger.Attempts {
		a := &s.ledger.Attempts[i]
		if a.State != broker.Intent || a.Undoes > 0 && !s.past() {
			continue // what is given back is not wanted either
		}
		s.change(a)
		a.Run++
		a.State, a.EndedAt = broker.NoEffect, s.now
		if a.Class != fault.None {
			continue
		}
		a.Class, a.Code, a.Message = fault.Cancelled, "deadline", "the operation's time was over before this was sent"
		if s.cancelled() {
			a.Code, a.Message = "cancelled", "the operation was cancelled before this was sent"
		}
	}
}
