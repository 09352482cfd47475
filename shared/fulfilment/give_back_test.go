package fulfilment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// whole makes a wish one for all or nothing.
func whole(l broker.Ledger) broker.Ledger {
	l.Operation.Whole = true
	return l
}

// atLeast makes n machines enough.
func atLeast(n int, l broker.Ledger) broker.Ledger {
	l.Operation.MinCount = n
	return l
}

// givingBack is a ledger whose operation gives back what attempt 1 made.
func givingBack(l broker.Ledger) broker.Ledger {
	l = whole(l)
	l.Operation.GivingBack, l.Operation.Deadline = true, at(15*time.Minute)
	for i := range l.Attempts[1:] {
		a := &l.Attempts[1+i]
		a.Undoes, a.MachineIDs, a.Count = 1, []string{"m-0", "m-1"}, 2
	}
	return l
}

// with gives an attempt machines.
func with(n int) func(*broker.Attempt) {
	return func(a *broker.Attempt) {
		a.Confirmed = n
		for i := range n {
			a.Machines = append(a.Machines, broker.Machine{ID: fmt.Sprintf("m-%d", i)})
		}
	}
}

func settleFirst(s step, now time.Time) fulfilment.Decision {
	return fulfilment.Settle(s.ledger, fulfilment.Report{Attempt: 1, Run: 1, Error: recorded}, rulesOf(0), now)
}

func TestEnoughMachinesEndACreateEarly(t *testing.T) {
	done := func(attempts string) outcome {
		return outcome{Verdict: fulfilment.Done, Attempts: attempts, Status: broker.OpSucceeded}
	}
	runSteps(t, []step{
		{name: "as many as are enough", ledger: atLeast(2, create(2, is(made, confirmed(2)))), want: done("CONFIRMED/1")},
		{name: "more than that", ledger: atLeast(1, create(2, is(made, confirmed(2)))), want: done("CONFIRMED/1")},
		{name: "by two providers", ledger: atLeast(2, create(3, is(made, confirmed(1)), is(made, confirmed(1)))), want: done("CONFIRMED/1 CONFIRMED/1")},
		{name: "fewer: the rest of all is asked for elsewhere", ledger: atLeast(2, create(2, is(made, confirmed(1)))), want: outcome{
			Verdict: fulfilment.Next, Action: fulfilment.ActCreate, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter,
		}},
		{name: "fewer, and nowhere to go: they are kept", ledger: atLeast(2, create(1, is(made, confirmed(1)))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpPartial}},
		{name: "enough, of all or nothing", ledger: whole(atLeast(2, create(2, is(made, with(2))))), want: done("CONFIRMED/1")},
	}, settleFirst)

	l := atLeast(2, create(2, is(made, confirmed(2))))
	got, ok := fulfilment.Complete(&l, at(0))
	equal(t, []any{true, "2 of 3 done; 2 are enough"}, []any{ok, got.Message})
}

func TestLessThanAllIsGivenBackOnceNothingCanBeAdded(t *testing.T) {
	due := 5*time.Second + dueAfter
	end := fulfilment.ActTerminate
	runSteps(t, []step{
		{name: "not while another may be asked", ledger: whole(create(2, is(made, with(2)))), want: outcome{
			Verdict: fulfilment.Next, Action: fulfilment.ActCreate, Attempt: "2/1/1", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: due,
		}},
		{name: "not while something may come", ledger: whole(create(2, is(made, with(2)), is(unknown, count(1)))), want: outcome{
			Verdict: fulfilment.Same, Action: fulfilment.ActResolve, Attempt: "2/2/1", Attempts: "CONFIRMED/1 UNKNOWN/2", Status: broker.OpRunning, Due: due,
		}},
		{name: "not when all is there", ledger: whole(create(1, is(made, with(3)))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
		{name: "nothing was made", ledger: whole(create(1, failed(fault.Capacity))), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/1", Status: broker.OpFailed, Code: fault.NoProviderAvailable}},
		{name: "nobody is left", ledger: whole(create(1, is(made, with(2)))), want: outcome{
			Verdict: fulfilment.Next, Action: end, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: due,
		}},
		{name: "both of two", ledger: whole(create(2, is(made, with(1)), is(made, with(1)))), want: outcome{
			Verdict: fulfilment.Next, Action: end, Attempt: "3/1/1", Attempts: "CONFIRMED/1 CONFIRMED/1 INTENT/1 INTENT/1", Status: broker.OpRunning, Due: due,
		}},
		{name: "past the deadline too", now: deadline, ledger: whole(create(2, is(made, with(2)))), want: outcome{
			Verdict: fulfilment.Next, Action: end, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: deadline + dueAfter,
		}},
		{name: "and when it is cancelled", ledger: cancelledBefore(whole(create(2, is(made, with(2))))), want: outcome{
			Verdict: fulfilment.Next, Action: end, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: due,
		}},
	}, settleFirst)

	d := fulfilment.Settle(whole(create(1, is(made, with(2)))), fulfilment.Report{Attempt: 1, Run: 1, Error: recorded}, rulesOf(0), at(5*time.Second))
	undo := d.Step.Added[0]
	equal(t, []any{1, "p1", []string{"m-0", "m-1"}, fulfilment.Token("op", 2)}, []any{undo.Undoes, undo.Provider, undo.MachineIDs, undo.Token})
	equal(t, []any{true, at(5*time.Second + 15*time.Minute)}, []any{d.Step.Operation.GivingBack, d.Step.Operation.Deadline})
}

func TestWhatIsGivenBackIsConfirmedBeforeTheOperationFails(t *testing.T) {
	due := 5*time.Second + dueAfter
	end, kept := fulfilment.ActTerminate, is(made, with(2))
	over := 15 * time.Minute
	runSteps(t, []step{
		{name: "all are gone", ledger: givingBack(create(1, kept, is(made, confirmed(2)))), want: outcome{Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1 CONFIRMED/1", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "for want of capacity", ledger: givingBack(create(1, is(made, with(2), class(fault.Capacity)), is(made, confirmed(2)))), want: outcome{
			Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1 CONFIRMED/1", Status: broker.OpFailed, Code: fault.NoProviderAvailable,
		}},
		{name: "cancelled meanwhile", ledger: cancelledBefore(givingBack(create(1, kept, is(made, confirmed(2))))), want: outcome{Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1 CONFIRMED/1", Status: broker.OpCancelled}},
		{name: "the provider is down: again", ledger: givingBack(create(1, kept, failed(fault.Down))), want: outcome{
			Verdict: fulfilment.Same, Action: end, Attempt: "2/2/2", Attempts: "CONFIRMED/1 INTENT/2", Status: broker.OpRunning, Due: due,
		}},
		{name: "although it is cancelled", ledger: cancelledBefore(givingBack(create(1, kept, failed(fault.Down)))), want: outcome{
			Verdict: fulfilment.Same, Action: end, Attempt: "2/2/2", Attempts: "CONFIRMED/1 INTENT/2", Status: broker.OpRunning, Due: due,
		}},
		{name: "one will not go: all of them again", ledger: givingBack(create(1, kept, is(none, class(fault.Server), confirmed(1), tries(3)))), want: outcome{
			Verdict: fulfilment.Wait, Action: end, Attempt: "2/2/2", Wait: 2 * time.Second, Attempts: "CONFIRMED/1 INTENT/2", Status: broker.OpRunning, Due: due + 2*time.Second,
		}},
		{name: "not known whether: again", ledger: givingBack(create(1, kept, is(unknown))), want: outcome{
			Verdict: fulfilment.Same, Action: end, Attempt: "2/2/2", Attempts: "CONFIRMED/1 UNKNOWN/2", Status: broker.OpRunning, Due: due,
		}},
		{name: "nobody is asked for machines meanwhile", ledger: givingBack(create(4, kept, is(made, confirmed(2)))), want: outcome{Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1 CONFIRMED/1", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "one would not go to the end", now: over, ledger: givingBack(create(1, kept, is(none, class(fault.Server), confirmed(1)))), want: outcome{
			Verdict: fulfilment.Done, Attempts: "CONFIRMED/1 NONE/1", Status: broker.OpPartial,
		}},
		{name: "not known whether, to the end: parked", now: over, ledger: givingBack(create(1, kept, is(unknown))), want: outcome{
			Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1 UNKNOWN/1", Status: broker.OpUnknown, Code: fault.OutcomeUnknown, Due: over + 30*time.Second,
		}},
	}, settleFirst)
}

func TestACancellationOfWhatIsGivenBackLetsThatGoOn(t *testing.T) {
	due := 22 * time.Second
	wait := func(attempts string) outcome {
		return outcome{Verdict: fulfilment.Wait, Attempts: attempts, Status: broker.OpRunning, Due: due}
	}
	kept := is(made, with(2))
	runSteps(t, []step{
		{name: "it is about to be sent", ledger: givingBack(create(1, kept, is(intent))), want: wait("CONFIRMED/1 INTENT/1")},
		{name: "it failed, and is settled soon", ledger: givingBack(create(1, kept, failed(fault.Down))), want: wait("CONFIRMED/1 NONE/1")},
		{name: "it begins with the cancellation", ledger: whole(create(2, kept, is(intent, count(1)))), want: outcome{
			Verdict: fulfilment.Next, Action: fulfilment.ActTerminate, Attempt: "3/1/2", Attempts: "CONFIRMED/1 NONE/2 INTENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter,
		}},
	}, func(s step, now time.Time) fulfilment.Decision {
		return fulfilment.Cancel(s.ledger, broker.Cancellation{At: now}, rulesOf(0), now)
	})
}

func TestMachinesThatWillNotGoAreTriedAgainAndThoseThatWentAreCounted(t *testing.T) {
	a := broker.Attempt{N: 2, Run: 1, State: broker.Sent, Count: 2, Undoes: 1, MachineIDs: []string{"a", "b"}}
	some := []broker.MachineResult{{MachineID: "a", Terminated: true}, {MachineID: "b", Message: "protected"}}
	got := fulfilment.Termination(a, some, nil, at(0))
	equal(t, []any{broker.NoEffect, 1, fault.Server, "b: protected"}, []any{got.State, got.Confirmed, got.Class, got.Message})
	down := fulfilment.Termination(got, nil, providerError(fault.Down, false, 0), at(0))
	equal(t, []any{broker.NoEffect, 1}, []any{down.State, down.Confirmed}) // what went is not back
	all := fulfilment.Termination(down, []broker.MachineResult{{MachineID: "a", Terminated: true}, {MachineID: "b", Terminated: true}}, nil, at(0))
	equal(t, []any{broker.Confirmed, 2, fault.None}, []any{all.State, all.Confirmed, all.Class})

	a.Undoes = 0 // a termination that was asked for says what it could not do
	equal(t, broker.Confirmed, fulfilment.Termination(a, some, nil, at(0)).State)
}

// A worker that takes an unknown attempt over and leaves it unknown changes
// what is known of it. A decision that was taken before may not undo that: it
// would forget until when a call may still leave.
func TestADecisionIsNotStoredOverWhatAWorkerHasLearntSince(t *testing.T) {
	for name, learn := range map[string]func(broker.Attempt) broker.Attempt{
		"a repetition": func(a broker.Attempt) broker.Attempt {
			sent := fulfilment.Sending(a, at(5*time.Second), at(10*time.Second))
			return fulfilment.Creation(a, sent, fulfilment.Made{Err: providerError(fault.Timeout, true, 0)}, at(6*time.Second))
		},
		"a look-up": func(a broker.Attempt) broker.Attempt {
			return fulfilment.Lookup(a, nil, nil, time.Minute, at(6*time.Second))
		},
		"a refusal": func(a broker.Attempt) broker.Attempt {
			return fulfilment.Refusal(a, "open", at(time.Minute), at(6*time.Second))
		},
	} {
		m := memory{ledger: create(2, is(unknown, run(2)))}
		early := fulfilment.Resume(m.read(), rulesOf(time.Minute), at(5*time.Second))
		a := *m.ledger.Attempt(1)
		o := broker.Outcome{Attempt: broker.Fenced{Attempt: fulfilment.Recorded(learn(a)), SeenRun: 2, SeenState: unknown}}
		if attempt, _ := m.recordOutcome(o); attempt != nil {
			t.Fatal(name, attempt)
		}
		if err := m.takeStep(*early.Step); err == nil {
			t.Errorf("%s: an older decision was stored over it", name)
		}
		late := fulfilment.Settle(m.read(), fulfilment.Report{Attempt: 1, Run: 2, Error: recorded}, rulesOf(time.Minute), at(7*time.Second))
		if late.Step == nil || m.takeStep(*late.Step) != nil {
			t.Errorf("%s: its own workflow does not go on: %+v", name, late)
		}
	}
}
