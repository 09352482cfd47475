package fulfilment

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Complete returns the operation closed as SUCCEEDED when the ledger shows
// the wish fulfilled; false while anything is open or short.
func Complete(l *broker.Ledger, now time.Time) (broker.Operation, bool) {
	op := l.Operation
	for i := range l.Attempts {
		if l.Attempts[i].State != broker.Confirmed && l.Attempts[i].State != broker.NoEffect {
			return op, false
		}
	}
	if op.GivingBack || ConfirmedOf(l) < op.Enough() || slices.ContainsFunc(op.Strays, isUnsolved) {
		return op, false
	}
	op.Status, op.EndedAt, op.Code, op.Message = broker.OpSucceeded, now, "", ""
	if n := ConfirmedOf(l); n < op.Wanted {
		op.Message = fmt.Sprintf("%d of %d%s done; %d are enough", n, op.Wanted, units(&op), op.Enough())
	}
	closed(&op, l, now)
	return op, true
}

// units names what is counted, where it is not machines.
func units(op *broker.Operation) string {
	if op.InUnits {
		return " units"
	}
	return ""
}

func isUnsolved(r broker.MachineResult) bool { return !r.Terminated }

// end closes the operation as it stands, or begins to give back what is worth
// nothing without the rest.
func (s *settling) end() Decision {
	s.touched = true
	op := &s.ledger.Operation
	if done, ok := Complete(&s.ledger, s.now); ok {
		*op = done
		return Decision{Verdict: Done, Step: s.step()}
	}
	if op.Whole && !op.GivingBack && ConfirmedOf(&s.ledger) > 0 {
		return s.giveBack()
	}
	verdict := s.short()
	closed(op, &s.ledger, s.now)
	return Decision{Verdict: verdict, Step: s.step()}
}

// short closes the operation with less than was wished.
func (s *settling) short() Verdict {
	op := &s.ledger.Operation
	op.EndedAt = s.now
	op.Message = s.summary()
	switch {
	case s.cancelled():
		op.Status, op.Code = broker.OpCancelled, ""
	case s.achieved() > 0:
		op.Status, op.Code = broker.OpPartial, ""
		return Done
	default:
		op.Status, op.Code = broker.OpFailed, s.code()
	}
	return Stop
}

// achieved counts what was done and stands, machines included that were gone
// already.
func (s *settling) achieved() int {
	n := s.ledger.Standing()
	for _, r := range s.ledger.Operation.Strays {
		if r.Terminated {
			n++
		}
	}
	return n
}

// code is the API's answer to a failed operation: a bad request is that; want
// of machines is no_provider_available only when it was the whole story.
func (s *settling) code() fault.Code {
	shortOnly := len(s.ledger.Attempts) > 0
	for i := range s.ledger.Attempts {
		if s.ledger.Attempts[i].Undoes > 0 {
			continue
		}
		switch s.ledger.Attempts[i].Class {
		case fault.Validation:
			return fault.InvalidTemplate
		case fault.Capacity, fault.Quota:
		default:
			shortOnly = false
		}
	}
	if shortOnly {
		return fault.NoProviderAvailable
	}
	return fault.ProviderFailed
}

// summary says in one sentence what was achieved and why no more.
func (s *settling) summary() string {
	op := &s.ledger.Operation
	var why []string
	for i := range s.ledger.Attempts {
		a := &s.ledger.Attempts[i]
		if a.Class != fault.None {
			why = append(why, where(a)+": "+reason(a))
		}
	}
	for _, r := range op.Strays {
		if !r.Terminated {
			why = append(why, r.MachineID+": "+r.Message)
		}
	}
	text := fmt.Sprintf("%d of %d%s done", s.achieved(), op.Wanted+len(op.Strays), units(op))
	if made := ConfirmedOf(&s.ledger); op.GivingBack {
		text = fmt.Sprintf("%d of %d%s made, and %d of those given back", made, op.Wanted, units(op), made-s.ledger.Standing())
	}
	if len(why) > 0 {
		text += "; " + strings.Join(why, "; ")
	}
	return text
}

func where(a *broker.Attempt) string {
	if a.Undoes > 0 {
		return "giving back at " + a.Provider
	}
	return a.Provider
}

func reason(a *broker.Attempt) string {
	if a.Message != "" {
		return a.Message
	}
	return strings.ToLower(string(a.Class))
}
