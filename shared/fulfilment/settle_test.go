package fulfilment_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

const (
	create1   = fulfilment.ActCreate
	resolve   = fulfilment.ActResolve
	find      = fulfilment.ActFind
	poll      = fulfilment.ActPoll
	end       = fulfilment.ActTerminate
	unknown   = broker.UnknownEffect
	none      = broker.NoEffect
	intent    = broker.Intent
	sent      = broker.Sent
	made      = broker.Confirmed
	recorded  = "Ohfp.Partial" // any name of ours: the worker left a record
	workerDie = "Lambda.Unknown"
)

// step is one call of Settle: five seconds after the beginning unless now says
// otherwise, about the newest attempt, with its own run.
type step struct {
	name   string
	ledger broker.Ledger
	report string
	now    time.Duration
	lag    time.Duration
	want   outcome
}

func runSteps(t *testing.T, steps []step, decide func(step, time.Time) fulfilment.Decision) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			if s.now == 0 {
				s.now = 5 * time.Second
			}
			before := s.ledger
			d := decide(s, at(s.now))
			equal(t, s.want, told(before, d))
		})
	}
}

func settle(s step, now time.Time) fulfilment.Decision {
	a := s.ledger.Attempts[len(s.ledger.Attempts)-1]
	return fulfilment.Settle(s.ledger, fulfilment.Report{Attempt: a.N, Run: a.Run, Error: s.report}, rulesOf(s.lag), now)
}

func resume(s step, now time.Time) fulfilment.Decision {
	return fulfilment.Resume(s.ledger, rulesOf(s.lag), now)
}

const dueAfter = 22 * time.Second // a task and the margin

func TestWhatFollowsARecordedFailureOfACreate(t *testing.T) {
	next := outcome{Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/3", Attempts: "NONE/1 INTENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter}
	again := outcome{Verdict: fulfilment.Same, Action: create1, Attempt: "1/2/3", Attempts: "INTENT/2", Status: broker.OpRunning, Due: 5*time.Second + dueAfter}
	failedAs := func(c fault.Code, attempts string) outcome {
		return outcome{Verdict: fulfilment.Stop, Attempts: attempts, Status: broker.OpFailed, Code: c}
	}
	waits := func(d time.Duration) outcome {
		return outcome{Verdict: fulfilment.Wait, Action: create1, Attempt: "1/2/3", Wait: d, Attempts: "INTENT/2", Status: broker.OpRunning, Due: 5*time.Second + d + dueAfter}
	}
	throttled := func(until time.Duration) broker.Attempt {
		return is(none, class(fault.Throttle), notBefore(until))
	}
	noRetry := create(2, failed(fault.Down))
	noRetry.Operation.RetryCount = 0
	five := create(5, failed(fault.Down), failed(fault.Down), failed(fault.Down), is(none, class(fault.Down), tries(2)))
	runSteps(t, []step{
		{name: "no capacity goes elsewhere", ledger: create(2, failed(fault.Capacity)), want: next},
		{name: "a quota goes elsewhere", ledger: create(2, failed(fault.Quota)), want: next},
		{name: "an offering that is missing there goes elsewhere", ledger: create(2, failed(fault.OfferingConfig)), want: next},
		{name: "a refusal of our own goes elsewhere", ledger: create(2, failed(fault.Refused)), want: next},
		{name: "a wrong request goes nowhere", ledger: create(2, failed(fault.Validation)), want: failedAs(fault.InvalidTemplate, "NONE/1")},
		{name: "a provider that is down is tried once more", ledger: create(2, failed(fault.Down)), want: again},
		{name: "and then left", ledger: create(2, is(none, class(fault.Down), tries(2))), want: next},
		{name: "without a retry it is left at once", ledger: noRetry, want: next},
		{name: "refused credentials are tried once more", ledger: create(2, failed(fault.Auth)), want: again},
		{name: "a throttle without a hint is tried once more", ledger: create(2, failed(fault.Throttle)), want: again},
		{name: "a short hint is waited for", ledger: create(2, throttled(8*time.Second)), want: waits(3 * time.Second)},
		{name: "the longest hint is waited for", ledger: create(2, throttled(10*time.Second)), want: waits(5 * time.Second)},
		{name: "a longer hint loses the work", ledger: create(2, throttled(10*time.Second+1)), want: next},
		{name: "a longer hint of the last provider ends it", ledger: create(1, throttled(11*time.Second)), want: failedAs(fault.ProviderFailed, "NONE/1")},
		{name: "a hint that leaves no time loses the work", now: 21500 * time.Millisecond, ledger: create(2, throttled(24500*time.Millisecond)), want: outcome{
			Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/3", Attempts: "NONE/1 INTENT/1", Status: broker.OpRunning, Due: 21500*time.Millisecond + dueAfter,
		}},
		{name: "want of machines everywhere", ledger: create(2, failed(fault.Capacity), failed(fault.Quota)), want: failedAs(fault.NoProviderAvailable, "NONE/1 NONE/1")},
		{name: "want of machines and another failure", ledger: create(2, is(none, class(fault.Down), tries(2)), failed(fault.Capacity)), want: failedAs(fault.ProviderFailed, "NONE/1 NONE/1")},
		{name: "an older attempt is not tried again", ledger: create(2, failed(fault.Down), failed(fault.Capacity)), want: failedAs(fault.ProviderFailed, "NONE/1 NONE/1")},
		{name: "a fifth provider is not tried", ledger: five, want: failedAs(fault.ProviderFailed, "NONE/1 NONE/1 NONE/1 NONE/1")},
		{name: "just enough time for another", now: deadline - time.Second - 1, ledger: create(2, failed(fault.Capacity)), want: outcome{
			Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/3", Attempts: "NONE/1 INTENT/1", Status: broker.OpRunning, Due: deadline - time.Second - 1 + dueAfter,
		}},
		{name: "not enough time for another", now: deadline - time.Second, ledger: create(2, failed(fault.Capacity)), want: failedAs(fault.NoProviderAvailable, "NONE/1")},
		{name: "the deadline is now", now: deadline, ledger: create(2, failed(fault.Down)), want: failedAs(fault.ProviderFailed, "NONE/1")},
	}, func(s step, now time.Time) fulfilment.Decision {
		s.report = recorded
		return settle(s, now)
	})
}

func TestWhatFollowsMachines(t *testing.T) {
	ended := func(v fulfilment.Verdict, s broker.OperationStatus, attempts string) outcome {
		return outcome{Verdict: v, Attempts: attempts, Status: s}
	}
	closed := create(1, is(made, confirmed(3)))
	closed.Operation.Status = broker.OpSucceeded
	parked := create(2, is(made, confirmed(1)))
	parked.Operation.Status, parked.Operation.Code = broker.OpUnknown, fault.OutcomeUnknown
	runSteps(t, []step{
		{name: "all of them: done", ledger: create(2, is(made, confirmed(3))), want: ended(fulfilment.Done, broker.OpSucceeded, "CONFIRMED/1")},
		{name: "closed already: nothing is stored", ledger: closed, want: outcome{Verdict: fulfilment.Done}},
		{name: "some: the rest goes elsewhere", ledger: create(2, is(made, confirmed(2), class(fault.Capacity))), want: outcome{
			Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/1", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter,
		}},
		{name: "one that was asked alone: the rest goes elsewhere", ledger: create(2, is(made, confirmed(1), count(1))), want: outcome{
			Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter,
		}},
		{name: "some, and nobody left", ledger: create(1, is(made, confirmed(2), class(fault.Capacity))), want: ended(fulfilment.Done, broker.OpPartial, "CONFIRMED/1")},
		{name: "some, and no time left", now: deadline, ledger: create(2, is(made, confirmed(2))), want: ended(fulfilment.Done, broker.OpPartial, "CONFIRMED/1")},
		{name: "some, and the request is wrong", ledger: create(2, is(made, confirmed(2), class(fault.Validation))), want: ended(fulfilment.Done, broker.OpPartial, "CONFIRMED/1")},
		{name: "the last of several", ledger: create(3, is(made, confirmed(1)), failed(fault.Capacity), is(made, confirmed(2), count(2))), want: ended(fulfilment.Done, broker.OpSucceeded, "CONFIRMED/1 NONE/1 CONFIRMED/1")},
		{name: "more than were asked for", ledger: create(2, is(made, confirmed(4))), want: ended(fulfilment.Done, broker.OpSucceeded, "CONFIRMED/1")},
		{name: "what was unknown is no more", now: deadline, ledger: parked, want: ended(fulfilment.Done, broker.OpPartial, "CONFIRMED/1")},
	}, func(s step, now time.Time) fulfilment.Decision {
		s.report = recorded
		return settle(s, now)
	})
}

func TestWhatFollowsADeadWorker(t *testing.T) {
	due := 5*time.Second + dueAfter
	running := broker.OpRunning
	tired := create(2, is(intent, tries(1)))
	runSteps(t, []step{
		{name: "before it sent: tried again under a new run", report: workerDie, ledger: create(2, is(intent)), want: outcome{Verdict: fulfilment.Same, Action: create1, Attempt: "1/3/3", Attempts: "INTENT/3", Status: running, Due: due}},
		{name: "before it sent, for the second time: elsewhere", report: workerDie, ledger: tired, want: outcome{Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/3", Attempts: "NONE/2 INTENT/1", Status: running, Due: due}},
		{name: "after it sent: the call is repeated", report: workerDie, ledger: create(2, is(sent, tries(0))), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "after its time: the call is repeated", report: "States.Timeout", ledger: create(2, is(sent, tries(0))), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "before it repeated: later, under a new run", report: workerDie, ledger: create(2, is(unknown)), want: outcome{Verdict: fulfilment.Wait, Action: resolve, Attempt: "1/2/3", Wait: time.Second, Attempts: "UNKNOWN/2", Status: running, Due: due + time.Second}},
		{name: "before it polled: later, under a new run", report: workerDie, ledger: create(2, is(sent, filling)), want: outcome{Verdict: fulfilment.Wait, Action: poll, Attempt: "1/2/3", Wait: time.Second, Attempts: "SENT/2", Status: running, Due: due + time.Second}},
		{name: "our own failure is no record", report: fault.ASLInternal, ledger: create(2, is(sent, tries(0))), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "before it sent, at the deadline: over", report: workerDie, now: deadline, ledger: create(2, is(intent)), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/2", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "after it sent, at the deadline: parked", report: workerDie, now: deadline, ledger: create(2, is(sent, tries(0))), want: outcome{Verdict: fulfilment.Stop, Attempts: "UNKNOWN/2", Status: broker.OpUnknown, Code: fault.OutcomeUnknown, Due: deadline + 30*time.Second}},
	}, settle)
}

func TestAReportOfAnotherRunChangesNothing(t *testing.T) {
	for name, r := range map[string]fulfilment.Report{
		"older":             {Attempt: 1, Run: 2, Error: workerDie},
		"newer":             {Attempt: 1, Run: 4, Error: workerDie},
		"no such attempt":   {Attempt: 2, Run: 3, Error: workerDie},
		"an attempt before": {Attempt: 0, Run: 3, Error: workerDie},
	} {
		t.Run(name, func(t *testing.T) {
			for _, s := range []broker.AttemptState{intent, sent, unknown} {
				d := fulfilment.Settle(create(2, is(s, run(3))), r, rulesOf(0), at(5*time.Second))
				equal(t, fulfilment.Decision{Verdict: fulfilment.Done}, d)
			}
		})
	}
}

func TestHowAnUnknownOutcomeIsFoundOut(t *testing.T) {
	due := 5*time.Second + dueAfter
	running := broker.OpRunning
	waits := func(a fulfilment.Action, d time.Duration) outcome {
		return outcome{Verdict: fulfilment.Wait, Action: a, Attempt: "1/2/3", Wait: d, Attempts: "UNKNOWN/2", Status: running, Due: due + d}
	}
	parked := func(now time.Duration) outcome {
		return outcome{Verdict: fulfilment.Stop, Attempts: "UNKNOWN/1", Status: broker.OpUnknown, Code: fault.OutcomeUnknown, Due: now + 30*time.Second}
	}
	long := func(tried int) broker.Ledger {
		l := create(2, is(unknown, tries(tried)))
		l.Operation.Deadline = at(time.Hour)
		return l
	}
	hour := func(a broker.Attempt) broker.Ledger {
		l := create(2, a)
		l.Operation.Deadline = at(time.Hour)
		return l
	}
	runSteps(t, []step{
		{name: "at once by the same call", ledger: create(2, is(unknown)), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "the second time after 1 s", ledger: long(2), want: waits(resolve, time.Second)},
		{name: "the third time after 2 s", ledger: long(3), want: waits(resolve, 2*time.Second)},
		{name: "the fifth time after 8 s", ledger: long(5), want: waits(resolve, 8*time.Second)},
		{name: "never after more than 10 s", ledger: long(60), want: waits(resolve, 10*time.Second)},
		{name: "not before the provider's hint", ledger: hour(is(unknown, notBefore(37*time.Second))), want: waits(resolve, 32*time.Second)},
		{name: "by the same call while that could not be delivered", ledger: hour(is(unknown, class(fault.Down), tries(2))), want: waits(resolve, time.Second)},
		{name: "by a look when the provider refused the call, as it would again", ledger: hour(is(unknown, class(fault.Capacity), tries(2))), want: waits(find, time.Second)},
		{name: "by a look when its breaker lets no call through", ledger: hour(is(unknown, class(fault.Refused), tries(2))), want: waits(find, time.Second)},
		{name: "by a look when one was made, a lag later", lag: 20 * time.Second, ledger: hour(is(unknown, looked(4*time.Second, 0), sendBy(2*time.Second))), want: waits(find, 19*time.Second)},
		{name: "a lag after the last moment to send", lag: 20 * time.Second, ledger: hour(is(unknown, looked(4*time.Second, 0), sendBy(9*time.Second))), want: waits(find, 24*time.Second)},
		{name: "a look that is due is made, after a pause", ledger: hour(is(unknown, tries(3), looked(time.Second, 0))), want: waits(find, 2*time.Second)},
		{name: "at the deadline it is parked", now: deadline, ledger: create(2, is(unknown)), want: parked(deadline)},
		{name: "with no time for another call it is parked", now: deadline - time.Second, ledger: create(2, is(unknown)), want: parked(deadline - time.Second)},
		{name: "with a hint past the deadline it is parked", ledger: create(2, is(unknown, notBefore(40*time.Second))), want: parked(5 * time.Second)},
	}, func(s step, now time.Time) fulfilment.Decision {
		s.report = recorded
		return settle(s, now)
	})
}

func TestWhatIsFillingIsAskedAbout(t *testing.T) {
	soon := create(2, is(sent, filling, notBefore(7*time.Second)))
	soon.Operation.DueAt = at(7 * time.Second)
	late := create(2, is(sent, filling))
	late.Operation.DueAt = at(10 * time.Second)
	runSteps(t, []step{
		{name: "at once when it is time; nothing is stored", ledger: create(2, is(sent, filling)), want: outcome{Verdict: fulfilment.Poll, Action: poll, Attempt: "1/1/3"}},
		{name: "later when it is not; nothing is stored", ledger: create(2, is(sent, filling, notBefore(7*time.Second))), want: outcome{Verdict: fulfilment.Wait, Action: poll, Attempt: "1/1/3", Wait: 2 * time.Second}},
		{name: "what would count as abandoned is put off", ledger: soon, want: outcome{Verdict: fulfilment.Wait, Action: poll, Attempt: "1/1/3", Wait: 2 * time.Second, Attempts: "SENT/1", Status: broker.OpRunning, Due: 7*time.Second + dueAfter}},
		{name: "also when it is asked at once", ledger: late, want: outcome{Verdict: fulfilment.Poll, Action: poll, Attempt: "1/1/3", Attempts: "SENT/1", Status: broker.OpRunning, Due: 5*time.Second + dueAfter}},
		{name: "past the deadline it is looked up instead", now: deadline, ledger: create(2, is(sent, filling)), want: outcome{Verdict: fulfilment.Stop, Attempts: "UNKNOWN/2", Status: broker.OpUnknown, Code: fault.OutcomeUnknown, Due: deadline + 30*time.Second}},
	}, func(s step, now time.Time) fulfilment.Decision {
		s.report = fault.ASLPending
		return settle(s, now)
	})
}

func TestHowAnAbandonedOperationGoesOn(t *testing.T) {
	due := 5*time.Second + dueAfter
	closed := create(1, is(made, confirmed(3)))
	closed.Operation.Status = broker.OpSucceeded
	running, lost := broker.OpRunning, broker.OpUnknown
	over := deadline + time.Minute
	runSteps(t, []step{
		{name: "closed: nothing", ledger: closed, want: outcome{Verdict: fulfilment.Done}},
		{name: "not sent: sent under a new run", ledger: create(2, is(intent)), want: outcome{Verdict: fulfilment.Next, Action: create1, Attempt: "1/2/3", Attempts: "INTENT/2", Status: running, Due: due}},
		{name: "not sent and its time is not yet", ledger: create(2, is(intent, tries(1), notBefore(8*time.Second))), want: outcome{Verdict: fulfilment.Wait, Action: create1, Attempt: "1/2/3", Wait: 3 * time.Second, Attempts: "INTENT/2", Status: running, Due: due + 3*time.Second}},
		{name: "sent: repeated", ledger: create(2, is(sent)), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "unknown: repeated at once, whatever we waited for", ledger: create(2, is(unknown, tries(4), notBefore(9*time.Second))), want: outcome{Verdict: fulfilment.Same, Action: resolve, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "unknown, and the provider asked for time", ledger: create(2, is(unknown, notBefore(17*time.Second))), want: outcome{Verdict: fulfilment.Wait, Action: resolve, Attempt: "1/2/3", Wait: 12 * time.Second, Attempts: "UNKNOWN/2", Status: running, Due: due + 12*time.Second}},
		{name: "looked up: looked up", ledger: create(2, is(unknown, looked(time.Second, 1))), want: outcome{Verdict: fulfilment.Same, Action: find, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: running, Due: due}},
		{name: "filling: polled", ledger: create(2, is(sent, filling)), want: outcome{Verdict: fulfilment.Poll, Action: poll, Attempt: "1/2/3", Attempts: "SENT/2", Status: running, Due: due}},
		{name: "settled, short: elsewhere", ledger: create(2, is(made, confirmed(1))), want: outcome{Verdict: fulfilment.Next, Action: create1, Attempt: "2/1/2", Attempts: "CONFIRMED/1 INTENT/1", Status: running, Due: due}},
		{name: "settled, whole: closed", ledger: create(2, is(made, confirmed(3))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
		{name: "past the deadline, not sent: failed", now: over, ledger: create(2, is(intent)), want: outcome{Verdict: fulfilment.Stop, Attempts: "NONE/3", Status: broker.OpFailed, Code: fault.ProviderFailed}},
		{name: "past the deadline, sent: looked up", now: over, ledger: create(2, is(sent)), want: outcome{Verdict: fulfilment.Same, Action: find, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: lost, Code: fault.OutcomeUnknown, Due: over + dueAfter}},
		{name: "past the deadline, unknown: looked up", now: over, ledger: create(2, is(unknown)), want: outcome{Verdict: fulfilment.Same, Action: find, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: lost, Code: fault.OutcomeUnknown, Due: over + dueAfter}},
		{name: "past the deadline, filling: looked up", now: over, ledger: create(2, is(sent, filling)), want: outcome{Verdict: fulfilment.Same, Action: find, Attempt: "1/3/3", Attempts: "UNKNOWN/3", Status: lost, Code: fault.OutcomeUnknown, Due: over + dueAfter}},
	}, resume)
}

func TestResumingCountsItself(t *testing.T) {
	d := fulfilment.Resume(create(2, is(intent)), rulesOf(0), at(0))
	equal(t, 1, d.Step.Operation.Resumes)
}

func TestARestartKnowsThatNoFormerCallCanLeave(t *testing.T) {
	rules := rulesOf(0)
	rules.Dead = true
	l := create(2, is(sent, sendBy(9*time.Second)))
	d := fulfilment.Resume(l, rules, at(5*time.Second))
	equal(t, at(5*time.Second), d.Attempt.SendBy)
	d = fulfilment.Resume(l, rules, at(10*time.Second))
	equal(t, at(9*time.Second), d.Attempt.SendBy)
	d = fulfilment.Resume(l, rulesOf(0), at(5*time.Second))
	equal(t, at(9*time.Second), d.Attempt.SendBy)
}

func TestSettlingTheSameReportTwiceGivesTheSameWorkOrNone(t *testing.T) {
	for name, s := range map[string]struct {
		ledger broker.Ledger
		second fulfilment.Verdict
	}{
		"the rest went elsewhere: the same attempt again": {create(2, is(made, confirmed(1))), fulfilment.Next},
		"the attempt has a new run: none":                 {create(2, is(sent)), fulfilment.Done},
	} {
		t.Run(name, func(t *testing.T) {
			m := memory{ledger: s.ledger}
			r := fulfilment.Report{Attempt: 1, Run: 1, Error: workerDie}
			first := fulfilment.Settle(m.read(), r, rulesOf(0), at(5*time.Second))
			if err := m.takeStep(*first.Step); err != nil {
				t.Fatal(err)
			}
			second := fulfilment.Settle(m.read(), r, rulesOf(0), at(6*time.Second))
			equal(t, s.second, second.Verdict)
			if second.Step != nil {
				t.Error("the second settling stored something")
			}
			if second.Attempt.N != 0 {
				equal(t, first.Attempt, second.Attempt)
			}
		})
	}
}

func TestADriverCallEndsBeforeTheOperation(t *testing.T) {
	for _, c := range []struct{ now, want time.Duration }{
		{5 * time.Second, 5 * time.Second},
		{22 * time.Second, 3 * time.Second},
		{deadline - time.Second - time.Millisecond, time.Second + time.Millisecond},
	} {
		s := step{ledger: create(2, failed(fault.Capacity)), report: recorded}
		d := settle(s, at(c.now))
		equal(t, c.want, d.Driver)
		equal(t, 7*time.Second, d.Task)
	}
	d := fulfilment.Begin(create(1, is(intent)), rulesOf(0), at(deadline-time.Millisecond))
	equal(t, time.Second, d.Driver)
	d = fulfilment.Resume(create(1, is(unknown)), rulesOf(0), at(deadline+time.Hour))
	equal(t, 5*time.Second, d.Driver)
}
