package fulfilment

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Verdict tells a state machine which way to go.
type Verdict string

// The verdicts.
const (
	Same Verdict = "SAME" // the same attempt again
	Poll Verdict = "POLL" // ask about what is filling
	Wait Verdict = "WAIT" // wait, then run what is named
	Next Verdict = "NEXT" // another attempt
	Done Verdict = "DONE" // nothing left to do
	Stop Verdict = "STOP" // ended without success, or parked for the reconciler
)

// Action is what a worker does with an attempt.
type Action string

// The actions. Resolve repeats the attempt's call under its token; Find looks
// for what carries the token and makes nothing.
const (
	ActCreate    Action = "create"
	ActResolve   Action = "resolve"
	ActFind      Action = "find"
	ActPoll      Action = "poll"
	ActTerminate Action = "terminate"
	ActStatus    Action = "status"
	ActHealth    Action = "health"
	ActValidate  Action = "validate"
	ActTemplates Action = "templates"
)

// Rules are the limits within which decisions are taken. Budget gives the
// longest driver call and worker task of an operation; Lag is how long a
// machine of a kind may exist unseen. Dead says that the process of every
// former worker is known to have ended: no call of theirs can still leave.
type Rules struct {
	Budget func(op *broker.Operation) (driver, task time.Duration)
	Lag    func(kind string) time.Duration
	Dead   bool
}

const (
	maxAttempts  = 4                // providers that one create may try
	minAttempt   = time.Second      // no attempt that cannot finish in the time left
	longestHint  = 5 * time.Second  // a throttled provider that wants more loses the work
	maxBackoff   = 10 * time.Second // between two looks at one unknown outcome
	parkFor      = 30 * time.Second // an unknown outcome past the deadline
	settleMargin = 15 * time.Second // before an unmoved operation is taken for abandoned

	shortestPause = time.Second // between two polls, and before one that could not tell is asked again
)

// Decision is what to do next. Step is nil when nothing is to be stored.
type Decision struct {
	Verdict Verdict
	Step    *broker.Step
	Attempt broker.Attempt // to run, as it is after Step; N is 0 when there is none
	Action  Action
	Wait    time.Duration
	Driver  time.Duration // the worker's driver call
	Task    time.Duration // the worker's task
}

// Remaining is the invariant: how many more machines, or units, may be asked
// for. Below 0 the last machine brought more units than were left.
func Remaining(l *broker.Ledger) int {
	n := l.Operation.Wanted
	for i := range l.Attempts {
		switch a := &l.Attempts[i]; {
		case a.Undoes > 0: // what is given back is not asked for again
		case a.State.Reserves():
			n -= a.Count
		default:
			n -= a.Confirmed
		}
	}
	return n
}

// ConfirmedOf returns how many machines, or units, the attempts are known to
// have made or ended, whatever was given back of them since.
func ConfirmedOf(l *broker.Ledger) int {
	n := 0
	for i := range l.Attempts {
		if a := &l.Attempts[i]; a.Undoes == 0 {
			n += a.Confirmed
		}
	}
	return n
}

// tokens is the namespace of attempt tokens. It never changes: a token made by
// any version names the same call.
var tokens = uuid.MustParse("6f3d9a52-4c0e-5b7e-9a3d-0c2f4f1e8b11")

// Token is the idempotency token of an attempt: UUIDv5 of operation and
// number, the same wherever and whenever it is made.
func Token(operationID string, n int) string {
	return uuid.NewSHA1(tokens, fmt.Appendf(nil, "%s/%d", operationID, n)).String()
}

// share is what of a wish a candidate is asked for.
func share(c broker.Candidate, wanted int) int {
	if c.Most > 0 {
		return min(wanted, c.Most)
	}
	return wanted
}

// NewAttempt makes attempt n of an operation at a candidate, in state INTENT.
func NewAttempt(op *broker.Operation, n int, c broker.Candidate, count int, now time.Time) broker.Attempt {
	a := broker.Attempt{
		N: n, Run: 1, Provider: c.Provider, Kind: c.Kind, Count: count, MachineIDs: c.MachineIDs,
		Token: Token(op.ID, n), State: broker.Intent, CreatedAt: now, NotBefore: c.NotBefore,
	}
	if c.Spec != nil {
		spec := *c.Spec
		spec.OperationID, spec.Attempt, spec.Token, spec.Count = op.ID, n, a.Token, count
		a.Spec = &spec
	}
	return a
}

// First plans the attempts with which an operation begins: one at the best
// candidate for a wish that may go anywhere, one per owner for machines that
// exist.
func First(op *broker.Operation, now time.Time) []broker.Attempt {
	if routed(op.Type) {
		all := make([]broker.Attempt, 0, len(op.Candidates))
		for i, c := range op.Candidates {
			all = append(all, NewAttempt(op, i+1, c, len(c.MachineIDs), now))
		}
		return all
	}
	c := op.Candidates[0]
	return []broker.Attempt{NewAttempt(op, 1, c, share(c, op.Wanted), now)}
}

// FirstDue is when a new operation counts as abandoned if nobody has moved it.
func FirstDue(op *broker.Operation, rules Rules, now time.Time) time.Time {
	_, task := rules.Budget(op)
	return now.Add(task + settleMargin)
}

// Begin is the decision that starts an operation's workflow after its claim.
func Begin(l broker.Ledger, rules Rules, now time.Time) Decision {
	return open(l, rules, now).next()
}

// routed reports whether an operation goes to the owners of its machines.
func routed(t broker.OperationType) bool {
	return t == broker.TerminateInstances || t == broker.GetInstanceStatus
}

// ends reports whether an attempt ends machines, rather than making them.
func ends(op *broker.Operation, a *broker.Attempt) bool {
	return op.Type == broker.TerminateInstances || a.Undoes > 0
}

// actionOf is the first action of an attempt.
func actionOf(op *broker.Operation, a *broker.Attempt) Action {
	if ends(op, a) {
		return ActTerminate
	}
	switch op.Type {
	case broker.TerminateInstances:
		return ActTerminate
	case broker.GetInstanceStatus:
		return ActStatus
	case broker.HealthCheck:
		return ActHealth
	case broker.ValidateTemplate:
		return ActValidate
	case broker.GetAvailableTemplates:
		return ActTemplates
	case broker.CreateInstances:
	}
	return ActCreate
}
