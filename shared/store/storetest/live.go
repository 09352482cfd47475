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
		{"somebody holds a row open until it is lifted", liveForced},
		{"a new registration does not lift what is held", liveClearForced},
		{"an open row may be probed early", liveAllow},
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
	allowed(0)
}

func liveForced(f *fixture) {
	busy := f.apply(mutate, begin(start))
	f.apply(mutate, broker.LiveWrite{Kind: broker.LiveEnd, Now: start, Started: at(-time.Hour), Bad: true})
	force := broker.LiveWrite{Kind: broker.LiveForce, Now: start, OpenUntil: at(time.Minute), Reason: "limit", Source: "monitor"}
	want := broker.Live{
		State: broker.ForcedOpen, Epoch: 1, OpenUntil: at(time.Minute), Reason: "limit", Source: "monitor", InFlight: busy.InFlight,
	}
	f.same(want, f.apply(mutate, force))
	_, err := f.ApplyLive(f.Context(), mutate, begin(start))
	f.conflict(err, want)
	force.OpenUntil, want.OpenUntil, want.Epoch = time.Time{}, time.Time{}, 2
	f.same(want, f.apply(mutate, force))
	f.restart()
	_, err = f.ApplyLive(f.Context(), mutate, broker.LiveWrite{
		Kind: broker.LiveProbe, Now: at(9 * time.Hour), Started: at(9 * time.Hour), Epoch: 2, Attempt: "x", Expires: at(10 * time.Hour), Permits: 1,
	})
	f.conflict(err, want)
	lift := broker.LiveWrite{Kind: broker.LiveLift, Now: start}
	lifted := broker.Live{State: broker.Closed, Epoch: 3, InFlight: busy.InFlight}
	f.same(lifted, f.apply(mutate, lift))
	_, err = f.ApplyLive(f.Context(), mutate, lift)
	f.conflict(err, lifted)
	_, err = f.ApplyLive(f.Context(), read, lift)
	f.conflict(err, broker.Live{})
}

func liveClearForced(f *fixture) {
	held := f.apply(mutate, broker.LiveWrite{Kind: broker.LiveForce, Now: start, OpenUntil: at(time.Minute), Reason: "limit", Source: "monitor"})
	_, err := f.ApplyLive(f.Context(), mutate, broker.LiveWrite{Kind: broker.LiveClear, Now: at(time.Minute - 1)})
	f.conflict(err, held)
	f.same(broker.Live{State: broker.Closed, Epoch: 2}, f.apply(mutate, broker.LiveWrite{Kind: broker.LiveClear, Now: at(time.Minute)}))
	held = f.apply(mutate, broker.LiveWrite{Kind: broker.LiveForce, Now: start, Reason: "limit", Source: "monitor"})
	_, err = f.ApplyLive(f.Context(), mutate, broker.LiveWrite{Kind: broker.LiveClear, Now: at(time.Hour)})
	f.conflict(err, held)
}

func liveAllow(f *fixture) {
	stored := f.apply(mutate, trip(0))
	allow := broker.LiveWrite{Kind: broker.LiveAllow, Now: at(time.Second), Epoch: 0}
	_, err := f.ApplyLive(f.Context(), mutate, allow)
	f.conflict(err, stored)
	allow.Epoch = 1
	want := stored
	want.OpenUntil = at(time.Second)
	f.same(want, f.apply(mutate, allow))
	_, err = f.ApplyLive(f.Context(), mutate, allow) // it may be probed already
	f.conflict(err, want)
}

func liveRestart(f *fixture) {
	stored := f.apply(mutate, trip(0))
	f.restart()
	_, err := f.ApplyLive(f.Context(), mutate, trip(0))
	f.conflict(err, stored)
}
