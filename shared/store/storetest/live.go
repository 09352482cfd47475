package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

var (
	mutate = broker.LiveKey{Provider: "pool-a", Class: broker.ClassMutate}
	read   = broker.LiveKey{Provider: "pool-a", Class: broker.ClassRead}
)

func testLive(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a row that was never written is closed", liveFresh},
		{"a condition that does not hold is a conflict with the stored row", liveConflict},
		{"a probe takes a permit and its success closes", liveProbe},
		{"classes and providers are apart", liveApart},
		{"clearing makes it new and late answers count nowhere", liveClear},
		{"of many retries the budget allows a fifth of the first tries", liveBudget},
		{"rows survive a restart", liveRestart},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func (f *fixture) apply(k broker.LiveKey, w broker.LiveWrite) broker.Live {
	f.Helper()
	return must[broker.Live](f)(f.ApplyLive(f.Context(), k, w))
}

func begin(now time.Time) broker.LiveWrite {
	return broker.LiveWrite{Kind: broker.LiveBegin, Now: now, Started: now}
}

func trip(epoch int64) broker.LiveWrite {
	return broker.LiveWrite{Kind: broker.LiveTrip, Now: start, Epoch: epoch, OpenUntil: at(time.Minute), Reason: "five failures"}
}

func liveFresh(f *fixture) {
	got := f.apply(mutate, begin(start))
	f.same(broker.Live{InFlight: map[int64]int64{start.Unix() / 60: 1}}, got)
}

func liveConflict(f *fixture) {
	stored := f.apply(mutate, trip(0))
	f.same(broker.Live{State: broker.Open, Epoch: 1, OpenUntil: at(time.Minute), Reason: "five failures", Opens: 1}, stored)
	for _, w := range []broker.LiveWrite{begin(start), trip(0), {Kind: broker.LiveReset, Epoch: 1}, {Kind: "no such kind"}} {
		_, err := f.ApplyLive(f.Context(), mutate, w)
		f.conflict(err, stored)
	}
	_, err := f.ApplyLive(f.Context(), read, broker.LiveWrite{Kind: broker.LivePass})
	f.conflict(err, broker.Live{})
	f.same(stored, f.apply(mutate, broker.LiveWrite{Kind: broker.LiveEnd, Now: start, Started: start}))
}

func liveProbe(f *fixture) {
	f.apply(mutate, trip(0))
	probe := broker.LiveWrite{
		Kind: broker.LiveProbe, Now: at(time.Minute), Started: at(time.Minute), Epoch: 1,
		Attempt: "op/1", Expires: at(2 * time.Minute), Permits: 1,
	}
	early := probe
	early.Now = at(time.Minute - 1)
	_, err := f.ApplyLive(f.Context(), mutate, early)
	if err == nil {
		f.Error("a probe before the time open has passed")
	}
	half := f.apply(mutate, probe)
	f.same(broker.HalfOpen, half.State)
	f.same([]broker.Permit{{Attempt: "op/1", Expires: at(2 * time.Minute)}}, half.Permits)
	second := probe
	second.Attempt = "op/2"
	_, err = f.ApplyLive(f.Context(), mutate, second)
	f.conflict(err, half)
	pass := broker.LiveWrite{Kind: broker.LivePass, Now: at(time.Minute + time.Second), Epoch: 1, Attempt: "op/1", Threshold: 1}
	closed := f.apply(mutate, pass)
	if closed.State != broker.Closed || closed.Epoch != 2 || len(closed.Permits) != 0 {
		f.Errorf("not closed: %+v", closed)
	}
}

func liveApart(f *fixture) {
	f.apply(mutate, trip(0))
	f.apply(read, begin(start))
	f.apply(broker.LiveKey{Provider: "pool-b", Class: broker.ClassMutate}, begin(start))
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	got := f.view("pool-a").Live
	f.same(broker.Open, got[broker.ClassMutate].State)
	f.same(int64(1), new(got[broker.ClassRead]).Calls(start))
	f.same(2, len(got))
}

func liveClear(f *fixture) {
	f.apply(mutate, trip(0))
	cleared := f.apply(mutate, broker.LiveWrite{Kind: broker.LiveClear, Now: start})
	f.same(broker.Live{State: broker.Closed, Epoch: 2}, cleared)
	late := f.apply(mutate, broker.LiveWrite{Kind: broker.LiveEnd, Now: start, Started: start, Epoch: 0, Bad: true})
	f.same(cleared, late)
}

// liveBudget: ten on credit, and then one for each five first tries, whatever
// the breaker does in between.
func liveBudget(f *fixture) {
	retry, first := begin(start), begin(start)
	retry.Try, first.Try = broker.Retry, broker.FirstTry
	allowed := func(n int) {
		f.Helper()
		for i := range n + 1 {
			if _, err := f.ApplyLive(f.Context(), mutate, retry); (err == nil) != (i < n) {
				f.Errorf("retry %d of %d: %v", i+1, n, err)
			}
		}
	}
	allowed(10)
	f.apply(mutate, begin(start)) // neither
	allowed(0)
	for range 4 {
		f.apply(mutate, first)
	}
	allowed(0)
	f.apply(mutate, first)
	allowed(1)
	f.apply(mutate, trip(0))
	f.apply(mutate, broker.LiveWrite{Kind: broker.LiveProbe, Now: at(time.Minute), Started: at(time.Minute), Epoch: 1, Attempt: "x", Expires: at(2 * time.Minute), Permits: 1, Try: broker.Retry})
	f.apply(mutate, broker.LiveWrite{Kind: broker.LivePass, Now: at(time.Minute), Epoch: 1, Attempt: "x", Threshold: 1})
	allowed(0)
	for range 60 { // nothing is saved up beyond the credit
		f.apply(mutate, first)
	}
	allowed(10)
	f.restart()
	allowed(0)
	f.apply(mutate, broker.LiveWrite{Kind: broker.LiveClear, Now: start})
	allowed(10)
}

func liveRestart(f *fixture) {
	stored := f.apply(mutate, trip(0))
	f.restart()
	_, err := f.ApplyLive(f.Context(), mutate, trip(0))
	f.conflict(err, stored)
}
