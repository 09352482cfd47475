package fulfilment_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

// cancelledBefore is a ledger whose operation was cancelled before.
func cancelledBefore(l broker.Ledger) broker.Ledger {
	l.Operation.Cancelled = &broker.Cancellation{At: at(time.Second)}
	return l
}

func TestACancellationGivesUpWhatWasNeverSentAndWaitsForTheRest(t *testing.T) {
	stop := func(attempts string, s broker.OperationStatus) outcome {
		return outcome{Verdict: fulfilment.Stop, Attempts: attempts, Status: s}
	}
	wait := func(attempts string, s broker.OperationStatus) outcome {
		return outcome{Verdict: fulfilment.Wait, Attempts: attempts, Status: s, Due: 22 * time.Second}
	}
	nothing := outcome{Verdict: fulfilment.Done}
	ended := create(2, failed(fault.Down))
	ended.Operation.Status = broker.OpFailed
	parked := create(2, is(unknown))
	parked.Operation.Status = broker.OpUnknown
	runSteps(t, []step{
		{name: "nothing was sent", ledger: create(2, is(intent)), want: stop("NONE/2", broker.OpCancelled)},
		{name: "something was sent", ledger: create(2, is(sent)), want: wait("SENT/1", broker.OpRunning)},
		{name: "something is filling", ledger: create(2, is(sent, filling)), want: wait("SENT/1", broker.OpRunning)},
		{name: "something is not known", ledger: create(2, is(unknown)), want: wait("UNKNOWN/1", broker.OpRunning)},
		{name: "not known past the deadline", ledger: parked, want: wait("UNKNOWN/1", broker.OpUnknown)},
		{name: "some were made, and the rest was not sent", ledger: create(2, is(made, confirmed(2)), is(intent, count(1))), want: stop("CONFIRMED/1 NONE/2", broker.OpCancelled)},
		{name: "all were made, and nobody has said so yet", ledger: create(2, is(made, confirmed(3))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
		{name: "it has failed, and nobody has said so yet", ledger: create(2, failed(fault.Down)), want: stop("NONE/1", broker.OpCancelled)},
		{name: "a termination that nobody was sent", ledger: terminate(is(intent), is(intent)), want: stop("NONE/2 NONE/2", broker.OpCancelled)},
		{name: "it was cancelled before", ledger: cancelledBefore(create(2, is(sent))), want: nothing},
		{name: "it has ended", ledger: ended, want: nothing},
	}, func(s step, now time.Time) fulfilment.Decision {
		return fulfilment.Cancel(s.ledger, broker.Cancellation{At: now}, rulesOf(0), now)
	})
}

func TestNothingIsSentForACancelledOperation(t *testing.T) {
	due := 5*time.Second + dueAfter
	stop := outcome{Verdict: fulfilment.Stop, Attempts: "NONE/1", Status: broker.OpCancelled}
	runSteps(t, []step{
		{name: "no other try", ledger: cancelledBefore(create(1, failed(fault.Down))), want: stop},
		{name: "no other provider", ledger: cancelledBefore(create(2, failed(fault.Capacity))), want: stop},
		{name: "not the rest elsewhere", ledger: cancelledBefore(create(2, is(made, confirmed(1)))), want: outcome{Verdict: fulfilment.Stop, Attempts: "CONFIRMED/1", Status: broker.OpCancelled}},
		{name: "not the same again, but a look-up", ledger: cancelledBefore(create(2, is(unknown))), want: outcome{
			Verdict: fulfilment.Same, Action: fulfilment.ActFind, Attempt: "1/2/3", Attempts: "UNKNOWN/2", Status: broker.OpRunning, Due: due,
		}},
		{name: "what fills is asked about", ledger: cancelledBefore(create(2, is(sent, filling))), want: outcome{
			Verdict: fulfilment.Poll, Action: fulfilment.ActPoll, Attempt: "1/1/3", // nothing is new
		}},
		{name: "the whole wish was made after all", ledger: cancelledBefore(create(2, is(made, confirmed(3)))), want: outcome{Verdict: fulfilment.Done, Attempts: "CONFIRMED/1", Status: broker.OpSucceeded}},
	}, func(s step, now time.Time) fulfilment.Decision {
		return fulfilment.Settle(s.ledger, fulfilment.Report{Attempt: 1, Run: 1, Error: recorded}, rulesOf(0), now)
	})
}

func TestOnlyATerminationThatWasSentAndAnAnsweredRequestAreFinal(t *testing.T) {
	sentOnce := func(a *broker.Attempt) { a.SentAt = at(0) }
	answered := create(1, is(unknown))
	answered.Operation.Request = &broker.HostRequest{ClosedAt: at(0)}
	for name, c := range map[string]struct {
		ledger broker.Ledger
		want   bool
	}{
		"a request whose answer is final":              {answered, true},
		"a create that was sent":                       {create(1, is(sent, sentOnce)), false},
		"a termination that was not":                   {terminate(is(intent), is(intent)), false},
		"one that was sent to one owner":               {terminate(is(intent), is(sent, sentOnce)), true},
		"one whose owner was down, and is tried again": {terminate(is(intent, sentOnce, tries(1))), true},
	} {
		if got := fulfilment.Final(&c.ledger); got != c.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
