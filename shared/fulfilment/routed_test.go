package fulfilment_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

func TestATerminationGoesOnUntilItsDeadline(t *testing.T) {
	running := broker.OpRunning
	due := 5*time.Second + dueAfter
	both := func(n int) func(*broker.Attempt) { return confirmed(n) }
	waits := func(d time.Duration) outcome {
		return outcome{Verdict: fulfilment.Wait, Action: end, Attempt: "1/2/2", Wait: d, Attempts: "INTENT/2", Status: running, Due: due + d}
	}
	over := 15 * time.Minute
	strays := terminate(is(made, both(2)))
	strays.Operation.Strays = []broker.MachineResult{{MachineID: "x", Message: "unknown machine"}}
	absent := terminate(is(made, both(2)))
	absent.Operation.Strays = []broker.MachineResult{{MachineID: "x", Terminated: true}}
	onlyGone := terminate(failed(fault.Validation))
	onlyGone.Operation.Strays = []broker.MachineResult{{MachineID: "x", Terminated: true}}
	runSteps(t, []step{
		{name: "all gone: done", ledger: terminate(is(made, both(2))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
		{name: "the owner is down: at once again", ledger: terminate(failed(fault.Down)), want: outcome{Verdict: fulfilment.Same, Action: end, Attempt: "1/2/2", Attempts: "INTENT/2", Status: running, Due: due}},
		{name: "then after 1 s", ledger: terminate(is(none, class(fault.Down), tries(2))), want: waits(time.Second)},
		{name: "then after 4 s", ledger: terminate(is(none, class(fault.Down), tries(4))), want: waits(4 * time.Second)},
		{name: "never after more than 10 s", ledger: terminate(is(none, class(fault.Down), tries(99))), want: waits(10 * time.Second)},
		{name: "a hint is longer", ledger: terminate(is(none, class(fault.Throttle), notBefore(65*time.Second))), want: waits(time.Minute)},
		{name: "a breaker is waited for", ledger: terminate(is(none, class(fault.Refused), notBefore(35*time.Second))), want: waits(30 * time.Second)},
		{name: "not known whether: again", ledger: terminate(is(unknown)), want: outcome{Verdict: fulfilment.Same, Action: end, Attempt: "1/2/2", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "a wrong request: over", ledger: terminate(failed(fault.Validation)), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/1", Status: broker.OpFailed, Code: fault.InvalidTemplate}},
		{name: "the next owner's turn", ledger: terminate(is(made, both(2)), is(intent)), want: outcome{Verdict: fulfilment.Next, Action: end, Attempt: "2/1/2"}},
		{name: "one owner waits, the other's turn comes first", ledger: terminate(is(none, class(fault.Down), tries(4)), is(intent)), want: outcome{
			Verdict: fulfilment.Next, Action: end, Attempt: "2/1/2", Attempts: "INTENT/2 INTENT/1", Status: running, Due: due,
		}},
		{name: "all owners wait: the first in time", ledger: terminate(is(intent, tries(2), notBefore(9*time.Second)), is(intent, tries(2), notBefore(7*time.Second))), want: outcome{
			Verdict: fulfilment.Wait, Action: end, Attempt: "2/1/2", Wait: 2 * time.Second, // nothing is new
		}},
		{name: "one gone, the other past its deadline", now: over, ledger: terminate(is(made, both(2)), failed(fault.Down)), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1 NONE/1", Status: broker.OpPartial}},
		{name: "one failed and one not begun, past the deadline", now: over, ledger: terminate(failed(fault.Down), is(intent)), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/1 NONE/2", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "not known whether, past the deadline: parked", now: over, ledger: terminate(is(unknown)), want: outcome{Verdict: fulfilment.Stop, Attempts: "UNKNOWN/1", Status: broker.OpUnknown, Code: fault.OutcomeUnknown, Due: over + 30*time.Second}},
		{name: "an unknown machine beside them", ledger: strays, want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpPartial}},
		{name: "a machine beside them that was gone already", ledger: absent, want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
		{name: "nothing but a machine that was gone already", ledger: onlyGone, want: outcome{Verdict: fulfilment.Done, Attempts: "NONE/1", Status: broker.OpPartial}},
	}, func(s step, now time.Time) fulfilment.Decision {
		r := fulfilment.Report{Attempt: 1, Run: 1, Error: recorded}
		if s.ledger.Attempts[0].State == intent {
			r.Attempt, r.Error = 2, recorded
		}
		if s.name == "all owners wait: the first in time" {
			return fulfilment.Begin(s.ledger, rulesOf(0), now)
		}
		return fulfilment.Settle(s.ledger, r, rulesOf(0), now)
	})
}

func TestMachinesThatNeedNobodyAreAnsweredAtOnce(t *testing.T) {
	gone := broker.MachineResult{MachineID: "a", Terminated: true}
	strange := broker.MachineResult{MachineID: "b", Message: "unknown machine"}
	for _, c := range []struct {
		name   string
		strays []broker.MachineResult
		want   broker.OperationStatus
	}{
		{"all gone", []broker.MachineResult{gone, gone}, broker.OpSucceeded},
		{"one gone, one unknown", []broker.MachineResult{gone, strange}, broker.OpPartial},
		{"all unknown", []broker.MachineResult{strange}, broker.OpFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := terminate()
			l.Operation.Strays = c.strays
			d := fulfilment.Begin(l, rulesOf(0), at(0))
			equal(t, c.want, d.Step.Operation.Status)
			equal(t, 0, d.Attempt.N)
			equal(t, at(0), d.Step.Operation.EndedAt)
		})
	}
}

func TestAReadingIsTriedAsOftenAsItWasAsked(t *testing.T) {
	status := func(attempts ...broker.Attempt) broker.Ledger {
		l := terminate(attempts...)
		l.Operation.Type, l.Operation.Deadline = broker.GetInstanceStatus, at(deadline)
		return l
	}
	runSteps(t, []step{
		{name: "once more", ledger: status(failed(fault.Timeout)), want: outcome{Verdict: fulfilment.Same, Action: fulfilment.ActStatus, Attempt: "1/2/2", Attempts: "INTENT/2", Status: broker.OpRunning, Due: 5*time.Second + dueAfter}},
		{name: "then it failed", ledger: status(is(none, class(fault.Timeout), tries(2))), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/1", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "one owner answered, the other did not", ledger: status(is(made, confirmed(2)), is(none, class(fault.Down), tries(2))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1 NONE/1", Status: broker.OpPartial}},
	}, func(s step, now time.Time) fulfilment.Decision {
		return fulfilment.Settle(s.ledger, fulfilment.Report{Attempt: 1, Run: 1, Error: recorded}, rulesOf(0), now)
	})
}

func TestTheFirstAttempts(t *testing.T) {
	op := create(3).Operation
	op.Candidates[0].Spec.Tags = map[string]string{"a": "b"}
	got := fulfilment.First(&op, begin)
	equal(t, []broker.Attempt{{
		N: 1, Run: 1, Provider: "p1", Kind: "static", Count: 3, State: intent, CreatedAt: begin,
		Token: "999fa973-7670-5b82-ba91-3c321ac6f07c",
		Spec: &broker.CreateSpec{
			OperationID: "op", Attempt: 1, Token: "999fa973-7670-5b82-ba91-3c321ac6f07c", Count: 3, Tags: map[string]string{"a": "b"},
		},
	}}, got)
	if op.Candidates[0].Spec.Token != "" {
		t.Error("the candidate was changed")
	}

	op.Type = broker.TerminateInstances
	op.Candidates = []broker.Candidate{{Provider: "p1", Kind: "static", MachineIDs: []string{"a", "b"}}, {Provider: "p2", Kind: "aws", MachineIDs: []string{"c"}}}
	got = fulfilment.First(&op, begin)
	equal(t, []broker.Attempt{
		{N: 1, Run: 1, Provider: "p1", Kind: "static", Count: 2, MachineIDs: []string{"a", "b"}, Token: "999fa973-7670-5b82-ba91-3c321ac6f07c", State: intent, CreatedAt: begin},
		{N: 2, Run: 1, Provider: "p2", Kind: "aws", Count: 1, MachineIDs: []string{"c"}, Token: "56887fa2-7dae-56d0-9173-5548e119f868", State: intent, CreatedAt: begin},
	}, got)
}

func TestANewOperationCountsAsAbandonedAfterATaskAndAMargin(t *testing.T) {
	op := create(1).Operation
	equal(t, at(22*time.Second), fulfilment.FirstDue(&op, rulesOf(0), begin))
}

func TestWhatBeginsByType(t *testing.T) {
	for op, want := range map[broker.OperationType]fulfilment.Action{
		broker.CreateInstances: create1, broker.TerminateInstances: end,
		broker.GetInstanceStatus: fulfilment.ActStatus, broker.HealthCheck: fulfilment.ActHealth,
	} {
		l := create(1, is(intent))
		l.Operation.Type = op
		d := fulfilment.Begin(l, rulesOf(0), begin)
		equal(t, want, d.Action)
		equal(t, fulfilment.Next, d.Verdict)
		if d.Step != nil {
			t.Errorf("%s: beginning stores something", op)
		}
	}
}

func TestRemainingCountsWhatIsConfirmedAndWhatMayCome(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts []broker.Attempt
		want     int
	}{
		{"no attempt", nil, 3},
		{"nothing came of one", []broker.Attempt{is(none, count(3))}, 3},
		{"an intent reserves all", []broker.Attempt{is(intent, count(2))}, 1},
		{"what was sent reserves all", []broker.Attempt{is(sent, count(2))}, 1},
		{"what is unknown reserves all", []broker.Attempt{is(unknown, count(3))}, 0},
		{"a confirmed one counts what it made", []broker.Attempt{is(made, count(3), confirmed(1))}, 2},
		{"all kinds", []broker.Attempt{is(made, count(3), confirmed(1)), is(none, count(2)), is(sent, count(1)), is(unknown, count(1))}, 0},
		{"a provider that made too many", []broker.Attempt{is(made, count(3), confirmed(5))}, -2},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := create(1, c.attempts...)
			equal(t, c.want, fulfilment.Remaining(&l))
		})
	}
}

func TestWhoMayBeginWithAnAttempt(t *testing.T) {
	states := map[string]broker.Attempt{
		"INTENT": is(intent), "SENT": is(sent), "FILLING": is(sent, filling), "UNKNOWN": is(unknown), "CONFIRMED": is(made), "NONE": is(none),
	}
	may := map[fulfilment.Action][]string{
		create1: {"INTENT"}, resolve: {"UNKNOWN"}, find: {"UNKNOWN"}, poll: {"FILLING"}, end: {"INTENT", "UNKNOWN"},
		fulfilment.ActStatus: {"INTENT"}, fulfilment.ActHealth: {"INTENT"},
	}
	for action, fitting := range may {
		for state, a := range states {
			want := false
			for _, f := range fitting {
				want = want || f == state
			}
			a.N, a.Run = 1, 2
			w := fulfilment.Work{Attempt: 1, Run: 2, Action: action}
			if got := w.Fits(&a); got != want {
				t.Errorf("%s with an attempt that is %s: got %v", action, state, got)
			}
			for _, stale := range []int{1, 3} {
				if w.Run = stale; w.Fits(&a) {
					t.Errorf("%s with run %d of 2 fits", action, stale)
				}
			}
		}
		if w := (fulfilment.Work{Action: action}); w.Fits(nil) {
			t.Errorf("%s fits an attempt that is not there", action)
		}
	}
}

func TestWorkForAStateMachineIsInWholeSecondsRoundedUp(t *testing.T) {
	function := func(kind string) string { return "attempt-" + kind }
	a := is(sent, run(4))
	a.N, a.Kind = 2, "static"
	d := fulfilment.Decision{Verdict: fulfilment.Wait, Attempt: a, Action: poll, Wait: 1001 * time.Millisecond, Driver: 2500 * time.Millisecond, Task: 6100 * time.Millisecond}
	equal(t, fulfilment.Work{
		Verdict: fulfilment.Wait, Function: "attempt-static", OperationID: "op", Attempt: 2, Run: 4, Action: poll,
		WaitSeconds: 2, DriverTimeoutMS: 2500, TimeoutSeconds: 7,
	}, fulfilment.WorkOf("op", d, function))
	equal(t, fulfilment.Work{Verdict: fulfilment.Stop, OperationID: "op"}, fulfilment.WorkOf("op", fulfilment.Decision{Verdict: fulfilment.Stop}, function))
}

func TestTheMessageOfAShortOperationSaysWhy(t *testing.T) {
	one := is(made, confirmed(1), class(fault.Capacity))
	one.Message = "2 of 3 hosts are leased"
	two := failed(fault.Quota)
	d := settle(step{ledger: create(2, one, two), report: recorded}, at(5*time.Second))
	equal(t, "1 of 3 done; p1: 2 of 3 hosts are leased; p2: quota", d.Step.Operation.Message)

	l := terminate(is(made, confirmed(2)))
	l.Operation.Strays = []broker.MachineResult{{MachineID: "x", Message: "unknown machine"}, {MachineID: "y", Terminated: true}}
	d = settle(step{ledger: l, report: recorded}, at(5*time.Second))
	equal(t, "3 of 4 done; x: unknown machine", d.Step.Operation.Message)

	d = settle(step{ledger: create(1, is(made, confirmed(3), class(fault.Timeout))), report: recorded}, at(5*time.Second))
	equal(t, "", d.Step.Operation.Message)
}

func TestAnOperationIsCompleteWhenTheWishIsMetAndNothingIsOpen(t *testing.T) {
	for _, c := range []struct {
		name     string
		attempts []broker.Attempt
		want     bool
	}{
		{"met", []broker.Attempt{is(made, confirmed(3))}, true},
		{"met by two, one failed", []broker.Attempt{is(made, confirmed(1)), is(none), is(made, confirmed(2))}, true},
		{"short", []broker.Attempt{is(made, confirmed(2)), is(none)}, false},
		{"met, and something may be open", []broker.Attempt{is(made, confirmed(3)), is(intent)}, false},
		{"met, and something is unknown", []broker.Attempt{is(made, confirmed(3)), is(unknown)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := create(3, c.attempts...)
			l.Operation.Code, l.Operation.Message = fault.OutcomeUnknown, "it was unknown once"
			closed, ok := fulfilment.Complete(&l, at(now))
			equal(t, c.want, ok)
			want := l.Operation
			if ok {
				want.Status, want.EndedAt, want.Code, want.Message = broker.OpSucceeded, at(now), "", ""
			}
			equal(t, want, closed)
		})
	}
}
