package fulfilment_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
)

func machines(n int) []broker.Machine {
	var ms []broker.Machine
	for i := range n {
		ms = append(ms, broker.Machine{ID: fmt.Sprintf("m%d", i)})
	}
	return ms
}

func failing(c fault.Class, wasSent bool) *fault.ProviderError {
	return &fault.ProviderError{Class: c, Sent: wasSent, Code: "X", Message: "why"}
}

// after is what a test says of an attempt.
type after struct {
	State     broker.AttemptState
	Confirmed int
	Class     fault.Class
	Ended     bool
	Looked    bool
	NotBefore time.Duration // 0: none
}

func brief(a broker.Attempt) after {
	out := after{State: a.State, Confirmed: a.Confirmed, Class: a.Class, Ended: !a.EndedAt.IsZero(), Looked: !a.LookedAt.IsZero()}
	if !a.NotBefore.IsZero() {
		out.NotBefore = a.NotBefore.Sub(begin)
	}
	return out
}

const now = 3 * time.Second

func TestWhatAnAnswerToACreateMeans(t *testing.T) {
	hint := failing(fault.Throttle, true)
	hint.RetryAfter = 4 * time.Second
	short := func(es ...error) []error { return es }
	for _, c := range []struct {
		name   string
		made   fulfilment.Made
		first  after // in answer to the first call
		replay after // in answer to a replay, with no earlier call that may still leave
	}{
		{
			"all",
			fulfilment.Made{Machines: machines(3)},
			after{State: made, Confirmed: 3, Ended: true},
			after{State: made, Confirmed: 3, Ended: true},
		},
		{
			"some and why",
			fulfilment.Made{Machines: machines(2), Shortfall: short(failing(fault.Capacity, true))},
			after{State: made, Confirmed: 2, Class: fault.Capacity, Ended: true},
			after{State: made, Confirmed: 2, Class: fault.Capacity, Ended: true},
		},
		{
			"none and why",
			fulfilment.Made{Shortfall: short(failing(fault.Quota, true))},
			after{State: none, Class: fault.Quota, Ended: true},
			after{State: unknown, Class: fault.Quota, Looked: true},
		},
		{
			"none and no reason",
			fulfilment.Made{},
			after{State: none, Class: fault.Capacity, Ended: true},
			after{State: unknown, Class: fault.Capacity, Looked: true},
		},
		{
			"still filling",
			fulfilment.Made{Machines: machines(1), Pending: json.RawMessage(`1`), PollAfter: 2 * time.Second},
			after{State: sent, NotBefore: 5 * time.Second},
			after{State: sent, NotBefore: 5 * time.Second},
		},
		{
			"still filling, and no word when to ask",
			fulfilment.Made{Pending: json.RawMessage(`1`)},
			after{State: sent, NotBefore: 4 * time.Second},
			after{State: sent, NotBefore: 4 * time.Second},
		},
		{
			"some, and an error that may hide more",
			fulfilment.Made{Machines: machines(2), Shortfall: short(failing(fault.Capacity, true), failing(fault.Server, true))},
			after{State: unknown, Class: fault.Server},
			after{State: unknown, Class: fault.Server},
		},
		{
			"refused for want of machines",
			fulfilment.Made{Err: failing(fault.Capacity, true)},
			after{State: none, Class: fault.Capacity, Ended: true},
			after{State: unknown, Class: fault.Capacity, Looked: true},
		},
		{
			"refused with a hint",
			fulfilment.Made{Err: hint},
			after{State: none, Class: fault.Throttle, Ended: true, NotBefore: 7 * time.Second},
			after{State: unknown, Class: fault.Throttle, Looked: true, NotBefore: 7 * time.Second},
		},
		{
			"never sent",
			fulfilment.Made{Err: failing(fault.Down, false)},
			after{State: none, Class: fault.Down, Ended: true},
			after{State: unknown, Class: fault.Down},
		},
		{
			"no answer in time",
			fulfilment.Made{Err: failing(fault.Timeout, true)},
			after{State: unknown, Class: fault.Timeout},
			after{State: unknown, Class: fault.Timeout},
		},
		{
			"no time before it was sent",
			fulfilment.Made{Err: failing(fault.Timeout, false)},
			after{State: none, Class: fault.Timeout, Ended: true},
			after{State: unknown, Class: fault.Timeout},
		},
		{
			"the caller went away",
			fulfilment.Made{Err: failing(fault.Cancelled, true)},
			after{State: unknown, Class: fault.Cancelled},
			after{State: unknown, Class: fault.Cancelled},
		},
		{
			"an error that nobody classified",
			fulfilment.Made{Err: errors.New("boom")},
			after{State: unknown, Class: fault.Server},
			after{State: unknown, Class: fault.Server},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := is(intent, count(3), tries(0))
			call := fulfilment.Sending(a, at(time.Second), at(6*time.Second))
			got := fulfilment.Creation(a, call, c.made, at(now))
			equal(t, c.first, brief(got))
			equal(t, 1, got.Tries)

			a = is(unknown, count(3), tries(1), sendBy(time.Second))
			call = fulfilment.Sending(a, at(time.Second), at(6*time.Second))
			got = fulfilment.Creation(a, call, c.made, at(now))
			equal(t, c.replay, brief(got))
			equal(t, 2, got.Tries)
		})
	}
}

func TestAReplayThatGivesFewerSettlesNothingWhileTheFirstCallMayLeave(t *testing.T) {
	a := is(unknown, count(3), sendBy(time.Second+1))
	call := fulfilment.Sending(a, at(time.Second), at(6*time.Second))
	two := fulfilment.Made{Machines: machines(2), Shortfall: []error{failing(fault.Capacity, true)}}
	got := fulfilment.Creation(a, call, two, at(now))
	equal(t, after{State: unknown, Class: fault.Capacity, Looked: true}, brief(got))
	equal(t, 2, got.Found)
	equal(t, machines(2), got.Machines)

	two.Settled = true // the provider makes no more for the token, whatever still arrives
	equal(t, after{State: made, Confirmed: 2, Class: fault.Capacity, Ended: true}, brief(fulfilment.Creation(a, call, two, at(now))))

	all := fulfilment.Creation(a, call, fulfilment.Made{Machines: machines(3)}, at(now))
	equal(t, after{State: made, Confirmed: 3, Ended: true}, brief(all))
}

func TestSendingKeepsTheLatestTimeAndForgetsEarlierLooks(t *testing.T) {
	a := is(unknown, looked(time.Second, 2), sendBy(9*time.Second), notBefore(4*time.Second))
	got := fulfilment.Sending(a, at(5*time.Second), at(7*time.Second))
	want := a
	want.State, want.SentAt, want.LookedAt, want.Found, want.NotBefore = sent, at(5*time.Second), time.Time{}, 0, time.Time{}
	equal(t, want, got)
	got = fulfilment.Sending(a, at(5*time.Second), at(10*time.Second))
	equal(t, at(10*time.Second), got.SendBy)
}

func TestAFailedPollLeavesWhatWasAcceptedFilling(t *testing.T) {
	for _, c := range fault.Classes() {
		for _, wasSent := range []bool{false, true} {
			a := is(sent, filling, tries(1))
			got := fulfilment.Polling(a, fulfilment.Made{Err: failing(c, wasSent)}, at(now))
			equal(t, after{State: sent, Class: c, NotBefore: now + time.Second}, brief(got))
			if got.Continuation == nil {
				t.Errorf("%s: the continuation is gone", c)
			}
		}
	}
	hint := failing(fault.Throttle, true)
	hint.RetryAfter = time.Minute
	got := fulfilment.Polling(is(sent, filling), fulfilment.Made{Err: hint}, at(now))
	equal(t, at(now+time.Minute), got.NotBefore)
}

func TestAPollThatAnswersConcludes(t *testing.T) {
	for _, c := range []struct {
		name string
		made fulfilment.Made
		want after
	}{
		{"all", fulfilment.Made{Machines: machines(3)}, after{State: made, Confirmed: 3, Ended: true}},
		{"some", fulfilment.Made{Machines: machines(1), Shortfall: []error{failing(fault.Capacity, true)}}, after{State: made, Confirmed: 1, Class: fault.Capacity, Ended: true}},
		{"none", fulfilment.Made{Shortfall: []error{failing(fault.Capacity, true)}}, after{State: none, Class: fault.Capacity, Ended: true}},
		{"still filling", fulfilment.Made{Pending: json.RawMessage(`2`)}, after{State: sent, NotBefore: now + time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := fulfilment.Polling(is(sent, filling, class(fault.Down)), c.made, at(now))
			equal(t, c.want, brief(got))
			equal(t, string(c.made.Pending), string(got.Continuation))
		})
	}
}

func TestARefusalOfOurOwnFreesWhatWasNeverSentOnly(t *testing.T) {
	for _, c := range []struct {
		name string
		a    broker.Attempt
		want after
	}{
		{"an intent", is(intent), after{State: none, Class: fault.Refused, Ended: true, NotBefore: time.Minute}},
		{"an unknown outcome", is(unknown), after{State: unknown, Class: fault.Refused, NotBefore: time.Minute}},
		{"what is filling", is(sent, filling), after{State: sent, Class: fault.Refused, NotBefore: time.Minute}},
	} {
		t.Run(c.name, func(t *testing.T) {
			equal(t, c.want, brief(fulfilment.Refusal(c.a, "open", at(time.Minute), at(now))))
		})
	}
	got := fulfilment.Refusal(is(sent, filling), "open", time.Time{}, at(now))
	equal(t, at(now+time.Second), got.NotBefore)
}

func TestWhatATerminationMeans(t *testing.T) {
	results := func(gone ...bool) (rs []broker.MachineResult) {
		for i, g := range gone {
			rs = append(rs, broker.MachineResult{MachineID: fmt.Sprintf("m%d", i), Terminated: g, Message: "why"})
		}
		return rs
	}
	for _, c := range []struct {
		name    string
		results []broker.MachineResult
		err     error
		want    after
	}{
		{"all", results(true, true), nil, after{State: made, Confirmed: 2, Ended: true}},
		{"one of two", results(true, false), nil, after{State: made, Confirmed: 1, Class: fault.Server, Ended: true}},
		{"none of two", results(false, false), nil, after{State: none, Class: fault.Server, Ended: true}},
		{"the owner is down", nil, failing(fault.Down, false), after{State: none, Class: fault.Down, Ended: true}},
		{"no answer", nil, failing(fault.Timeout, true), after{State: unknown, Class: fault.Timeout}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := fulfilment.Termination(is(sent, count(2)), c.results, c.err, at(now))
			equal(t, c.want, brief(got))
			equal(t, c.results, got.Results)
		})
	}
}

func TestAReadingHasNoUnknownOutcome(t *testing.T) {
	for _, c := range fault.Classes() {
		got := fulfilment.Reading(is(intent, count(2)), nil, nil, failing(c, true), at(now))
		equal(t, after{State: none, Class: c, Ended: true}, brief(got))
	}
	got := fulfilment.Reading(is(intent, count(2), class(fault.Down)), machines(2), json.RawMessage(`{}`), nil, at(now))
	equal(t, after{State: made, Confirmed: 2, Ended: true}, brief(got))
	equal(t, machines(2), got.Machines)
}

func TestALookUpSettlesWhenTwoLooksALagApartAgreeAndNoCallMayLeave(t *testing.T) {
	const lag = 10 * time.Second
	unseen := is(unknown, sendBy(5*time.Second))
	for _, c := range []struct {
		name  string
		a     broker.Attempt
		found int
		lag   time.Duration
		now   time.Duration
		want  after
		look  time.Duration // LookedAt afterwards
	}{
		{"no lag, before the last moment to send", unseen, 3, 0, 5*time.Second - 1, after{State: unknown, Looked: true}, 5*time.Second - 1},
		{"no lag, at the last moment to send", unseen, 3, 0, 5 * time.Second, after{State: made, Confirmed: 3, Ended: true}, 0},
		{"no lag, nothing", unseen, 0, 0, 5 * time.Second, after{State: none, Class: fault.Server, Ended: true}, 0},
		{"a first look", unseen, 3, lag, time.Hour, after{State: unknown, Looked: true}, time.Hour},
		{"a second one too early", is(unknown, sendBy(5*time.Second), looked(6*time.Second, 2)), 2, lag, 16*time.Second - 1, after{State: unknown, Looked: true}, 6 * time.Second},
		{"a second one in time", is(unknown, sendBy(5*time.Second), looked(6*time.Second, 2)), 2, lag, 16 * time.Second, after{State: made, Confirmed: 2, Ended: true, Looked: true}, 6 * time.Second},
		{"a second one in time sees nothing", is(unknown, sendBy(5*time.Second), looked(6*time.Second, 0), class(fault.Timeout)), 0, lag, 16 * time.Second, after{State: none, Class: fault.Timeout, Ended: true, Looked: true}, 6 * time.Second},
		{"a second one disagrees", is(unknown, sendBy(5*time.Second), looked(6*time.Second, 1)), 2, lag, 16 * time.Second, after{State: unknown, Looked: true}, 16 * time.Second},
		{"the first look was before the last moment to send", is(unknown, sendBy(5*time.Second), looked(time.Second, 2)), 2, lag, 15*time.Second - 1, after{State: unknown, Looked: true}, time.Second},
		{"and a lag after that moment", is(unknown, sendBy(5*time.Second), looked(time.Second, 2)), 2, lag, 15 * time.Second, after{State: made, Confirmed: 2, Ended: true, Looked: true}, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.a.Count = 3
			got := fulfilment.Lookup(c.a, machines(c.found), nil, c.lag, at(c.now))
			equal(t, c.want, brief(got))
			equal(t, c.a.Tries+1, got.Tries)
			if c.look > 0 {
				equal(t, at(c.look), got.LookedAt)
			}
		})
	}
}

func TestALookUpThatFailsTellsNothing(t *testing.T) {
	for _, c := range fault.Classes() {
		a := is(unknown, looked(time.Second, 2), sendBy(time.Second))
		got := fulfilment.Lookup(a, nil, failing(c, true), 0, at(time.Hour))
		equal(t, after{State: unknown, Class: c, Looked: true}, brief(got))
		equal(t, a.LookedAt, got.LookedAt)
	}
}

// The rule of Lookup over any sequence of looks: it settles at the first look
// that is not before the last moment to send, and that agrees with one made a
// lag before it, and before which a lag has passed since that moment.
func TestLooksSettleOnlyByTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lag := time.Duration(rapid.IntRange(0, 3).Draw(t, "lag")) * time.Second
		by := time.Duration(rapid.IntRange(0, 5).Draw(t, "send by")) * time.Second
		a := is(unknown, count(3), sendBy(by))
		type look struct {
			at    time.Duration
			found int
		}
		var looks []look
		clock := time.Duration(0)
		for range rapid.IntRange(1, 12).Draw(t, "looks") {
			clock += time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond
			l := look{clock, rapid.IntRange(0, 2).Draw(t, "found")}
			a = fulfilment.Lookup(a, machines(l.found), nil, lag, at(l.at))
			allowed := l.at >= by && l.at >= by+lag
			if lag > 0 {
				allowed = allowed && slices.ContainsFunc(looks, func(o look) bool { return o.found == l.found && o.at+lag <= l.at })
			}
			settled := a.State != unknown
			if settled && !allowed {
				t.Fatalf("settled at %s with %d, lag %s, send by %s, after %v", l.at, l.found, lag, by, looks)
			}
			if settled && a.Confirmed != l.found {
				t.Fatalf("settled with %d, and %d were seen", a.Confirmed, l.found)
			}
			if settled {
				return
			}
			if lag == 0 && allowed {
				t.Fatalf("not settled at %s without a lag, send by %s", l.at, by)
			}
			looks = append(looks, l)
		}
		clock = max(clock, by) + lag + 1 // two more in peace settle it
		a = fulfilment.Lookup(a, machines(1), nil, lag, at(clock))
		if a.State == unknown {
			a = fulfilment.Lookup(a, machines(1), nil, lag, at(clock+lag))
		}
		if a.State == unknown {
			t.Fatal("two agreeing looks, a lag apart and late enough, settled nothing")
		}
	})
}

// worst first: what may have happened, then what no other try there would
// mend. Unsent failures of the ambiguous classes say least.
var ranking = []*fault.ProviderError{
	failing(fault.Timeout, true), failing(fault.Server, true), failing(fault.Cancelled, true), failing(fault.Auth, true),
	failing(fault.Validation, true), failing(fault.Quota, true), failing(fault.Capacity, true), failing(fault.Throttle, true),
	failing(fault.OfferingConfig, true), failing(fault.Down, false), failing(fault.Refused, false), failing(fault.Timeout, false),
}

func TestTheWorstReasonOfAShortAnswerDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picked := rapid.SliceOfNDistinct(rapid.IntRange(0, len(ranking)-1), 1, 4, rapid.ID[int]).Draw(t, "reasons")
		var errs []error
		for _, i := range picked {
			errs = append(errs, fmt.Errorf("wrapped: %w", ranking[i]))
		}
		worst := ranking[slices.Min(picked)]
		a := is(intent, count(3))
		got := fulfilment.Creation(a, fulfilment.Sending(a, begin, at(time.Second)), fulfilment.Made{Machines: machines(1), Shortfall: errs}, at(now))
		if got.Class != worst.Class {
			t.Fatalf("want %s, got %s", worst.Class, got.Class)
		}
		if ambiguous := slices.Min(picked) < 3; ambiguous != (got.State == unknown) {
			t.Fatalf("state %s with reasons %v", got.State, errs)
		}
	})
}
