package fulfilment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

func at(d time.Duration) time.Time { return begin.Add(d) }

const deadline = 25 * time.Second

// rulesOf are rules with one lag for all kinds.
func rulesOf(lag time.Duration) fulfilment.Rules {
	return fulfilment.Rules{
		Budget: func(*broker.Operation) (time.Duration, time.Duration) { return 5 * time.Second, 7 * time.Second },
		Lag:    func(string) time.Duration { return lag },
	}
}

// create is a ledger of a wish for three machines at p1, p2, ….
func create(candidates int, attempts ...broker.Attempt) broker.Ledger {
	op := broker.Operation{
		ID: "op", Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 3, RetryCount: 1,
		CreatedAt: begin, Deadline: at(deadline), DueAt: at(22 * time.Second),
	}
	for i := range candidates {
		op.Candidates = append(op.Candidates, broker.Candidate{Provider: fmt.Sprintf("p%d", i+1), Kind: "static", Spec: &broker.CreateSpec{}})
	}
	return broker.Ledger{Operation: op, Attempts: numbered(attempts)}
}

// terminate is a ledger of the end of two machines per owner.
func terminate(attempts ...broker.Attempt) broker.Ledger {
	l := create(len(attempts), attempts...)
	l.Operation.Type, l.Operation.Wanted, l.Operation.Deadline = broker.TerminateInstances, 2*len(attempts), at(15*time.Minute)
	for i := range l.Attempts {
		l.Attempts[i].Count, l.Attempts[i].MachineIDs = 2, []string{"a", "b"}
	}
	return l
}

func numbered(attempts []broker.Attempt) []broker.Attempt {
	for i := range attempts {
		a := &attempts[i]
		a.N, a.Provider, a.Kind = i+1, fmt.Sprintf("p%d", i+1), "static"
		if a.Run == 0 {
			a.Run = 1
		}
		if a.Count == 0 {
			a.Count = 3
		}
	}
	return attempts
}

// is makes an attempt in a state.
func is(s broker.AttemptState, with ...func(*broker.Attempt)) broker.Attempt {
	a := broker.Attempt{State: s}
	if s != broker.Intent {
		a.Tries = 1
	}
	for _, f := range with {
		f(&a)
	}
	return a
}

func failed(c fault.Class) broker.Attempt { return is(broker.NoEffect, class(c)) }

func class(c fault.Class) func(*broker.Attempt) { return func(a *broker.Attempt) { a.Class = c } }
func tries(n int) func(*broker.Attempt)         { return func(a *broker.Attempt) { a.Tries = n } }
func run(n int) func(*broker.Attempt)           { return func(a *broker.Attempt) { a.Run = n } }
func count(n int) func(*broker.Attempt)         { return func(a *broker.Attempt) { a.Count = n } }
func confirmed(n int) func(*broker.Attempt)     { return func(a *broker.Attempt) { a.Confirmed = n } }
func filling(a *broker.Attempt)                 { a.Continuation = json.RawMessage(`{}`) }
func notBefore(d time.Duration) func(*broker.Attempt) {
	return func(a *broker.Attempt) { a.NotBefore = at(d) }
}

func looked(d time.Duration, found int) func(*broker.Attempt) {
	return func(a *broker.Attempt) { a.LookedAt, a.Found = at(d), found }
}

func sendBy(d time.Duration) func(*broker.Attempt) {
	return func(a *broker.Attempt) { a.SendBy = at(d) }
}

// outcome is a decision as a person would tell it.
type outcome struct {
	Verdict  fulfilment.Verdict
	Action   fulfilment.Action
	Attempt  string // number/run/count, "" when there is none
	Wait     time.Duration
	Attempts string // state/run of each, as stored after it; "" when nothing is stored
	Status   broker.OperationStatus
	Code     fault.Code
	Due      time.Duration // from the beginning, of an open operation
}

func told(l broker.Ledger, d fulfilment.Decision) outcome {
	o := outcome{Verdict: d.Verdict, Action: d.Action, Wait: d.Wait}
	if a := d.Attempt; a.N > 0 {
		o.Attempt = fmt.Sprintf("%d/%d/%d", a.N, a.Run, a.Count)
	}
	if d.Step == nil {
		return o
	}
	m := memory{ledger: l}
	if err := m.takeStep(*d.Step); err != nil {
		o.Attempts = "the step does not fit the ledger that it was made from"
		return o
	}
	var states []string
	for _, a := range m.ledger.Attempts {
		states = append(states, fmt.Sprintf("%s/%d", a.State, a.Run))
	}
	o.Attempts, o.Status, o.Code = strings.Join(states, " "), m.ledger.Operation.Status, m.ledger.Operation.Code
	if o.Status.Open() {
		o.Due = m.ledger.Operation.DueAt.Sub(begin)
	}
	return o
}

func equal(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want (-), got (+):\n%s", d)
	}
}
