package breaker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// rates configures the rules about rates, and none else.
func rates() broker.BreakerConfig {
	c := config()
	c.FailureThreshold = 1000
	c.FailureRate, c.SlowRate, c.SlowCall, c.MinimumCalls, c.Window = 50, 80, 4*time.Second, 10, 60*time.Second
	return c
}

// took makes a call that lasts so long.
func (b *bench) took(class fault.Class, began time.Time, long time.Duration) {
	b.Helper()
	b.leave(b.enter(began), class, began.Add(long))
}

func (b *bench) is(state broker.BreakerState, reason string) {
	b.Helper()
	got := broker.Live{State: breaker.View(&b.row, noon), Reason: b.row.Reason}
	if diff := cmp.Diff(broker.Live{State: state, Reason: reason}, got); diff != "" {
		b.Error(diff)
	}
}

func TestHalfOfTenCallsThatFailOpen(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	for range 4 {
		b.call(fault.Down, noon)
		b.call(fault.None, noon)
	}
	b.call(fault.Down, noon)
	b.is(broker.Closed, "") // five of nine: too few to say anything
	b.call(fault.None, noon)
	b.is(broker.Open, "failures: 5 of 10 calls in 1m0s")
	if !b.row.OpenUntil.Equal(at(60)) {
		t.Errorf("open until %v", b.row.OpenUntil)
	}
}

func TestLessThanHalfOfTheCallsMayFail(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	for range 20 {
		b.call(fault.None, noon)
		b.call(fault.Down, noon)
		b.call(fault.None, noon)
	}
	b.is(broker.Closed, "")
}

func TestOnlyCallsOfTheWindowCount(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	b.cfg.Window = 20 * time.Second
	for range 9 {
		b.call(fault.Down, noon)
	}
	b.call(fault.Down, at(20)) // those of noon are in the window no more
	b.is(broker.Closed, "")
	for range 9 {
		b.call(fault.Down, at(39))
	}
	if got := breaker.View(&b.row, at(39)); got != broker.Open {
		t.Errorf("ten of ten in 20 s: %s", got)
	}
}

func TestAnswersThatSayNothingAboutHealthCountInNoRate(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	for range 9 {
		b.call(fault.Down, noon)
	}
	for range 9 {
		b.took(fault.Capacity, noon, time.Minute) // nor is it slow
	}
	b.is(broker.Closed, "")
	b.call(fault.None, noon)
	b.is(broker.Open, "failures: 9 of 10 calls in 1m0s")
}

func TestEightOfTenSlowCallsOpenThoughAllSucceed(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	for range 2 {
		b.took(fault.None, noon, 4*time.Second) // no longer than it may take
	}
	for range 7 {
		b.took(fault.None, noon, 4*time.Second+1)
	}
	b.is(broker.Closed, "")
	b.took(fault.None, noon, time.Minute-time.Second)
	if got := breaker.View(&b.row, at(59)); got != broker.Open || b.row.Reason != "slow: 8 of 10 calls in 1m0s" {
		t.Errorf("%s: %s", got, b.row.Reason)
	}
}

func TestACallThatTimedOutIsSlowHoweverShort(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	b.cfg.FailureRate, b.cfg.SlowCall = 0, 0 // only the other rule, and no bound of its own
	for range 10 {
		b.call(fault.Timeout, noon)
	}
	b.is(broker.Open, "slow: 10 of 10 calls in 1m0s")
}

func TestARateThatIsNotConfiguredOpensNothing(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	b.cfg.FailureRate, b.cfg.SlowRate = 0, 0
	for range 50 {
		b.took(fault.Timeout, noon, time.Hour)
	}
	b.is(broker.Closed, "")
}

func TestOpeningByARateDoublesLikeAnyOther(t *testing.T) {
	b := &bench{TB: t, cfg: rates()}
	now := noon
	for _, want := range []int{60, 120} {
		for range 10 {
			b.call(fault.Down, now)
		}
		if got := b.row.OpenUntil.Sub(now); got != time.Duration(want)*time.Second {
			t.Fatalf("open for %v, want %d s", got, want)
		}
		now = b.row.OpenUntil
		b.call(fault.None, now) // the probe closes it
	}
}

// TestARateOpensExactlyWhenItIsReached compares with a count of its own.
func TestARateOpensExactlyWhenItIsReached(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		cfg := rates()
		cfg.FailureRate = rapid.IntRange(1, 100).Draw(t, "failure rate")
		cfg.SlowRate = rapid.IntRange(1, 100).Draw(t, "slow rate")
		cfg.MinimumCalls = rapid.IntRange(1, 12).Draw(t, "minimum")
		b := &bench{TB: outer, cfg: cfg}
		var calls, bad, slow int
		for range rapid.IntRange(1, 40).Draw(t, "calls") {
			class := rapid.SampledFrom([]fault.Class{fault.None, fault.None, fault.Down}).Draw(t, "class")
			long := rapid.SampledFrom([]time.Duration{time.Second, 5 * time.Second}).Draw(t, "long")
			b.leave(b.enter(noon.Add(-long)), class, noon)
			calls++
			if class == fault.Down {
				bad++
			}
			if long > 4*time.Second {
				slow++
			}
			reached := calls >= cfg.MinimumCalls && (bad*100 >= cfg.FailureRate*calls || slow*100 >= cfg.SlowRate*calls)
			if opened := b.row.State == broker.Open; opened != reached {
				t.Fatalf("%d of %d failed (%d %%), %d slow (%d %%), at least %d: opened is %v", bad, calls, cfg.FailureRate, slow, cfg.SlowRate, cfg.MinimumCalls, opened)
			}
			if reached {
				return
			}
		}
	})
}

func TestScheduledChecks(t *testing.T) {
	open := broker.Live{State: broker.Open, Epoch: 3, OpenUntil: at(60)}
	for name, c := range map[string]struct {
		row     broker.Live
		failed  int
		off     bool
		reason  string
		seconds int
	}{
		"two that failed open nothing":             {broker.Live{Epoch: 2}, 2, false, "", 0},
		"the third opens":                          {broker.Live{Epoch: 2}, 3, false, "scheduled checks failed in a row: 3, the last: no route", 60},
		"each later one opens too, for longer":     {broker.Live{Epoch: 2, Opens: 1, ClosedAt: noon}, 4, false, "scheduled checks failed in a row: 4, the last: no route", 120},
		"one that passed opens nothing":            {broker.Live{}, 0, false, "", 0},
		"an open breaker stays as it is":           {open, 3, false, "", 0},
		"one on trial too":                         {broker.Live{State: broker.Open, OpenUntil: noon}, 3, false, "", 0},
		"with breakers configured off none opens":  {broker.Live{}, 3, true, "", 0},
		"what somebody holds open is not touched":  {broker.Live{State: broker.ForcedOpen}, 3, false, "", 0},
		"what counts and never opens does not now": {broker.Live{State: broker.Disabled}, 3, false, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config()
			cfg.Enabled = !c.off
			w, ok := breaker.Failed(c.row, cfg, breaker.Check{Now: noon, FailedInRow: c.failed, Message: "no route"})
			if ok != (c.reason != "") || w.Reason != c.reason {
				t.Fatalf("got %v, %q; want %q", ok, w.Reason, c.reason)
			}
			if !ok {
				return
			}
			after, held := w.Apply(c.row)
			if want := at(c.seconds); !held || after.State != broker.Open || !after.OpenUntil.Equal(want) {
				t.Errorf("got %+v, want open until %v", after, want)
			}
		})
	}
}

func TestACheckThatPassesLetsACallBeTriedAndClosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		row   broker.Live
		waits bool
	}{
		"open by failures":        {broker.Live{State: broker.Open, Epoch: 3, OpenUntil: at(60), Reason: "failures in a row: 5, the last DOWN"}, true},
		"open by refused logins":  {broker.Live{State: broker.Open, Epoch: 3, OpenUntil: at(60), Reason: breaker.ReasonAuth}, false},
		"held open":               {broker.Live{State: broker.ForcedOpen, Epoch: 3, OpenUntil: at(60), Source: "s"}, false},
		"closed":                  {broker.Live{Epoch: 3}, false},
		"on trial already":        {broker.Live{State: broker.Open, Epoch: 3, OpenUntil: noon}, false},
		"on trial, with a prober": {broker.Live{State: broker.HalfOpen, Epoch: 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := breaker.Waits(&c.row, noon); got != c.waits {
				t.Fatalf("waits: %v", got)
			}
			if !c.waits {
				return
			}
			after, held := breaker.Passed(c.row.Epoch, noon).Apply(c.row)
			if !held || breaker.View(&after, noon) != broker.HalfOpen {
				t.Fatalf("got %+v, %v", after, held)
			}
			b := &bench{TB: t, cfg: config(), row: after}
			b.call(fault.Down, noon) // the check was wrong
			if b.row.State != broker.Open || !b.row.OpenUntil.After(noon) {
				t.Errorf("after a trial that failed: %+v", b.row)
			}
		})
	}
}
