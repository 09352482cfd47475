package breaker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// config has round numbers, so that every time below can be seen to be right.
func config() broker.BreakerConfig {
	return broker.BreakerConfig{
		Enabled: true, FailureThreshold: 3, RecoveryTimeout: 60 * time.Second, MaxRecoveryTimeout: 300 * time.Second,
		HalfOpenMaxCalls: 1, SuccessThreshold: 1,
	}
}

// bench carries calls out on one row, one after the other.
type bench struct {
	testing.TB
	cfg broker.BreakerConfig
	row broker.Live
}

// enter lets a call in, which must succeed.
func (b *bench) enter(now time.Time) breaker.Call {
	b.Helper()
	w, ok := breaker.Admit(b.row, b.cfg, breaker.Caller{Attempt: "a", Now: now, Lease: 10 * time.Second})
	if !ok {
		b.Fatalf("denied at %v: %+v", now, b.row)
	}
	if b.row, ok = w.Apply(b.row); !ok {
		b.Fatalf("%s was refused: %+v", w.Kind, b.row)
	}
	return breaker.Began(w, b.row)
}

func (b *bench) leave(c breaker.Call, class fault.Class, now time.Time) {
	a := breaker.Answer{Class: class, Now: now, Jitter: 0.5}
	for _, w := range c.End(b.cfg, a) {
		b.row, _ = w.Apply(b.row)
	}
	if w, ok := c.After(b.row, b.cfg, a); ok {
		b.row, _ = w.Apply(b.row)
	}
}

func (b *bench) call(class fault.Class, now time.Time) {
	b.Helper()
	b.leave(b.enter(now), class, now)
}

func TestARunOfFailuresOpens(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.call(fault.Down, noon)
	b.call(fault.Server, noon)
	if got := breaker.View(&b.row, noon); got != broker.Closed {
		t.Fatalf("after two of three failures: %s", got)
	}
	b.call(fault.Timeout, noon)
	want := broker.Live{
		State: broker.Open, Epoch: 1, OpenUntil: at(60), Reason: "failures in a row: 3, the last TIMEOUT", Opens: 1,
		InFlight: map[int64]int64{},
	}
	if diff := cmp.Diff(want, b.row); diff != "" {
		t.Error(diff)
	}
}

func TestASuccessEndsTheRun(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	for _, class := range []fault.Class{fault.Down, fault.Down, fault.None, fault.Down, fault.Down} {
		b.call(class, noon)
	}
	if b.row.State == broker.Open || b.row.FailRun != 2 {
		t.Errorf("got %s with a run of %d, want closed with 2", b.row.State, b.row.FailRun)
	}
}

func TestASteadySuccessWritesNothingButItsEnd(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	c := b.enter(noon)
	a := breaker.Answer{Now: noon}
	writes := c.End(b.cfg, a)
	if len(writes) != 1 {
		t.Fatalf("got %d writes, want 1", len(writes))
	}
	b.row, _ = writes[0].Apply(b.row)
	if w, ok := c.After(b.row, b.cfg, a); ok {
		t.Errorf("got a %s as well", w.Kind)
	}
}

func TestAnswersThatSayNothingAboutHealthCountNeitherWay(t *testing.T) {
	for _, class := range []fault.Class{
		fault.Validation, fault.OfferingConfig, fault.Throttle, fault.Capacity, fault.Quota, fault.Cancelled, fault.Refused,
	} {
		t.Run(string(class), func(t *testing.T) {
			b := &bench{TB: t, cfg: config()}
			b.call(fault.Down, noon)
			before := b.row
			b.call(class, noon)
			if diff := cmp.Diff(before, b.row); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusedCredentialsOpenAtOnceForFiveMinutes(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.call(fault.Auth, noon)
	if b.row.State != broker.Open || b.row.Reason != "auth" || !b.row.OpenUntil.Equal(at(300)) {
		t.Fatalf("got %+v", b.row)
	}
	b.call(fault.Auth, at(300)) // the probe is refused too
	if b.row.State != broker.Open || b.row.Reason != "auth" || !b.row.OpenUntil.Equal(at(600)) {
		t.Errorf("after a probe: got %+v", b.row)
	}
}

func TestTheTimeOpenDoublesUpToItsLimit(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	now := noon
	for range 3 {
		b.call(fault.Down, now)
	}
	for i, want := range []int{60, 120, 240, 300, 300} {
		if got := b.row.OpenUntil.Sub(now); got != time.Duration(want)*time.Second {
			t.Fatalf("opening %d: open for %v, want %d s", i+1, got, want)
		}
		now = b.row.OpenUntil
		b.call(fault.Down, now)
	}
}

func TestAnOpeningSoonAfterTheLastCountsAsInARow(t *testing.T) {
	for name, c := range map[string]struct {
		minutes int // closed for
		want    time.Duration
	}{
		"at once":            {0, 120 * time.Second},
		"after a minute":     {1, 60 * time.Second},
		"after ten, no less": {10, 60 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{TB: t, cfg: config()}
			for range 3 {
				b.call(fault.Down, noon)
			}
			b.call(fault.None, at(60)) // the probe closes it
			again := at(60 + 60*c.minutes)
			for range 3 {
				b.call(fault.Down, again)
			}
			if got := b.row.OpenUntil.Sub(again); got != c.want {
				t.Errorf("open for %v, want %v", got, c.want)
			}
		})
	}
}

func TestJitterSpreadsProbesByATenthAndNeverPastTheLimit(t *testing.T) {
	probeFails := func(openings int, jitter float64) time.Duration {
		row := broker.Live{State: broker.Open, Opens: openings}
		w, _ := breaker.Admit(row, config(), breaker.Caller{Attempt: "a", Now: noon, Lease: time.Second})
		row, _ = w.Apply(row)
		writes := breaker.Began(w, row).End(config(), breaker.Answer{Class: fault.Down, Now: noon, Jitter: jitter})
		return writes[0].OpenUntil.Sub(noon).Round(time.Millisecond)
	}
	for name, c := range map[string]struct {
		openings int
		jitter   float64
		want     time.Duration
	}{
		"least":                    {1, 0, 108 * time.Second},
		"middle":                   {1, 0.5, 120 * time.Second},
		"three quarters":           {1, 0.75, 126 * time.Second},
		"at the limit, downwards":  {9, 0, 270 * time.Second},
		"at the limit, not beyond": {9, 0.99, 300 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if got := probeFails(c.openings, c.jitter); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestAProbe(t *testing.T) {
	open := broker.Live{State: broker.Open, Epoch: 4, OpenUntil: noon, Opens: 1, Reason: "r"}
	for name, c := range map[string]struct {
		class fault.Class
		state broker.BreakerState
		epoch int64
	}{
		"that succeeds closes":                                  {fault.None, broker.Closed, 5},
		"that finds no capacity closes: the provider answers":   {fault.Capacity, broker.Closed, 5},
		"that is throttled closes: the provider answers":        {fault.Throttle, broker.Closed, 5},
		"whose request was wrong closes: the provider answers":  {fault.Validation, broker.Closed, 5},
		"that finds it down opens again":                        {fault.Down, broker.Open, 5},
		"that times out opens again":                            {fault.Timeout, broker.Open, 5},
		"whose credentials are refused opens again":             {fault.Auth, broker.Open, 5},
		"whose caller went away gives its permit back":          {fault.Cancelled, broker.HalfOpen, 4},
		"that another gate refused gives its permit back":       {fault.Refused, broker.HalfOpen, 4},
		"whose class nobody knows opens again, as SERVER would": {"NONSENSE", broker.Open, 5},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{TB: t, cfg: config(), row: open}
			call := b.enter(noon)
			if !call.Probe() {
				t.Fatal("got no permit")
			}
			b.leave(call, c.class, at(1))
			if b.row.State != c.state || b.row.Epoch != c.epoch || len(b.row.Permits) != 0 {
				t.Errorf("got %+v, want %s of epoch %d without permits", b.row, c.state, c.epoch)
			}
			if b.row.FailRun != 0 || b.row.Ring != [6]broker.Bucket{} {
				t.Errorf("counted twice: run %d, ring %v", b.row.FailRun, b.row.Ring)
			}
			if got := b.row.Calls(at(1)); got != 0 {
				t.Errorf("%d are still in flight", got)
			}
		})
	}
}

func TestEnoughProbesClose(t *testing.T) {
	b := &bench{TB: t, cfg: config(), row: broker.Live{State: broker.Open}}
	b.cfg.SuccessThreshold = 2
	b.call(fault.None, noon)
	if b.row.State != broker.HalfOpen {
		t.Fatalf("after one of two: %s", b.row.State)
	}
	b.call(fault.None, at(1))
	if b.row.State != broker.Closed || !b.row.ClosedAt.Equal(at(1)) {
		t.Errorf("after two: %+v", b.row)
	}
}

func TestAdmitDenies(t *testing.T) {
	held := []broker.Permit{{Attempt: "other", Expires: at(30)}}
	for name, c := range map[string]struct {
		row   broker.Live
		retry time.Time
		ever  bool
	}{
		"while open, until it may be probed":     {broker.Live{State: broker.Open, OpenUntil: at(9)}, at(9), true},
		"while another probes, until its lease":  {broker.Live{State: broker.HalfOpen, OpenUntil: noon, Permits: held}, at(30), true},
		"while an operator says so":              {broker.Live{State: broker.ForcedOpen}, time.Time{}, false},
		"while an operator says so, to the time": {broker.Live{State: broker.ForcedOpen, OpenUntil: at(5)}, at(5), true},
	} {
		t.Run(name, func(t *testing.T) {
			if w, ok := breaker.Admit(c.row, config(), breaker.Caller{Attempt: "a", Now: noon, Lease: time.Second}); ok {
				t.Fatalf("let in by %s", w.Kind)
			}
			retry, ever := breaker.RetryAt(c.row, config())
			if !retry.Equal(c.retry) || ever != c.ever {
				t.Errorf("retry at %v, %v; want %v, %v", retry, ever, c.retry, c.ever)
			}
			if !c.ever {
				return
			}
			if _, ok := breaker.Admit(c.row, config(), breaker.Caller{Attempt: "a", Now: retry, Lease: time.Second}); !ok {
				t.Error("denied at that time too")
			}
		})
	}
}

func TestADeadProberBlocksNobodyPastItsLease(t *testing.T) {
	b := &bench{TB: t, cfg: config(), row: broker.Live{State: broker.Open}}
	b.enter(noon) // and never ends
	another := func(now time.Time) bool {
		_, ok := breaker.Admit(b.row, b.cfg, breaker.Caller{Attempt: "b", Now: now, Lease: time.Second})
		return ok
	}
	if another(at(9)) {
		t.Error("a second prober was let in within the lease of 10 s")
	}
	if !another(at(10)) {
		t.Error("a second prober was held back past the lease")
	}
}

func TestALateAnswerOfAnEarlierEpochIsNoEvidence(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	late := b.enter(noon)
	for range 3 {
		b.call(fault.Down, noon)
	}
	b.call(fault.None, at(60)) // closed again
	before := b.row
	b.leave(late, fault.Auth, at(61))
	if w, ok := late.After(b.row, b.cfg, breaker.Answer{Class: fault.Auth, Now: at(61)}); ok {
		t.Errorf("asks for a %s", w.Kind)
	}
	before.InFlight = map[int64]int64{}
	if diff := cmp.Diff(before, b.row); diff != "" {
		t.Error(diff)
	}
}

func TestWithBreakersConfiguredOffNothingIsHeldBackAndNothingOpens(t *testing.T) {
	for name, row := range map[string]broker.Live{
		"from open":   {State: broker.Open, OpenUntil: at(1000)},
		"from closed": {},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{TB: t, cfg: config(), row: row}
			b.cfg.Enabled = false
			for range 5 {
				b.call(fault.Auth, noon)
				b.call(fault.Down, noon)
			}
			if b.row.Epoch != 0 || b.row.State != row.State {
				t.Errorf("moved to %+v", b.row)
			}
		})
	}
}

func TestADisabledBreakerCountsAndNeverOpens(t *testing.T) {
	b := &bench{TB: t, cfg: config(), row: broker.Live{State: broker.Disabled}}
	for range 5 {
		b.call(fault.Down, noon)
	}
	if b.row.State != broker.Disabled || b.row.FailRun != 5 {
		t.Errorf("got %s with a run of %d", b.row.State, b.row.FailRun)
	}
}

func TestALimitBelowTheFirstTimeOpenDoesNotShortenIt(t *testing.T) {
	b := &bench{TB: t, cfg: config()}
	b.cfg.MaxRecoveryTimeout = time.Second
	for range 3 {
		b.call(fault.Down, noon)
	}
	if !b.row.OpenUntil.Equal(at(60)) {
		t.Errorf("open until %v, want 60 s later", b.row.OpenUntil)
	}
}
