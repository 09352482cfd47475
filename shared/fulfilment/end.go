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
// the whole wish fulfilled; false while anything is open or short.
func Complete(l *broker.Ledger, now time.Time) (broker.Operation, bool) {
	op := l.Operation
	for i := range l.Attempts {
		if l.Attempts[i].State != broker.Confirmed && l.Attempts[i].State != broker.NoEffect {
			return op, false
		}
	}
	if ConfirmedOf(l) < op.Wanted || slices.ContainsFunc(op.Strays, isUnsolved) {
		return op, false
	}
	op.Status, op.EndedAt, op.Code, op.Message = broker.OpSucceeded, now, "", ""
	return op, true
}

func isUnsolved(r broker.MachineResult) bool { return !r.Terminated }

// end closes the operation as it stands.
func (s *settling) end() Decision {
	s.touched = true
	op := &s.ledger.Operation
	if done, ok := Complete(&s.ledger, s.now); ok {
		*op = done
		return Decision{Verdict: Done, Step: s.step()}
	}
	op.EndedAt = s.now
	op.Message = s.summary()
	if s.cancelled() {
		op.Status, op.Code = broker.OpCancelled, ""
		return Decision{Verdict: Stop, Step: s.step()}
	}
	if s.achieved() > 0 {
		op.Status, op.Code = broker.OpPartial, ""
		return Decision{Verdict: Done, Step: s.step()}
	}
	op.Status, op.Code = broker.OpFailed, s.code()
	return Decision{Verdict: Stop, Step: s.step()}
}

// achieved counts what was done, machines included that were gone already.
func (s *settling) achieved() int {
	n := ConfirmedOf(&s.ledger)
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
			why = append(why, fmt.Sprintf("%s: %s", a.Provider, reason(a)))
		}
	}
	for _, r := range op.Strays {
		if !r.Terminated {
			why = append(why, r.MachineID+": "+r.Message)
		}
	}
	text := fmt.Sprintf("%d of %d done", s.achieved(), op.Wanted+len(op.Strays))
	if len(why) > 0 {
		text += "; " + strings.Join(why, "; ")
	}
	return text
}

func reason(a *broker.Attempt) string {
	if a.Message != "" {
		return a.Message
	}
	return strings.ToLower(string(a.Class))
}
