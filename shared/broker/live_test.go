package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

func TestLiveWrite(t *testing.T) {
	minute := noon.Unix() / 60
	slot := noon.Unix() / 10
	ring := func(b broker.Bucket) (r [6]broker.Bucket) {
		r[slot%6] = b
		return r
	}
	mine := broker.Permit{Attempt: "mine", Expires: after(30)}
	other := broker.Permit{Attempt: "other", Expires: after(20)}
	dead := broker.Permit{Attempt: "dead", Expires: noon}
	halfOpen := func(ps ...broker.Permit) broker.Live {
		return broker.Live{State: broker.HalfOpen, Epoch: 3, OpenUntil: after(-5), Opens: 1, Permits: ps, Reason: "run"}
	}
	probe := broker.LiveWrite{
		Kind: broker.LiveProbe, Now: noon, Started: noon, Epoch: 3, Attempt: "mine", Expires: after(30), Permits: 1,
	}
	probed := halfOpen(mine)
	probed.InFlight = map[int64]int64{minute: 1}

	for name, c := range map[string]struct {
		before broker.Live
		write  broker.LiveWrite
		want   broker.Live
		held   bool // the condition did
	}{
		"begin starts a call at a row that was never written": {
			broker.Live{},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon},
			broker.Live{InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"begin starts a call while disabled": {
			broker.Live{State: broker.Disabled},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon},
			broker.Live{State: broker.Disabled, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"begin is refused while open": {
			broker.Live{State: broker.Open},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon},
			broker.Live{State: broker.Open},
			false,
		},
		"begin is refused while half-open": {
			halfOpen(), broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon}, halfOpen(), false,
		},
		"begin always starts a call with breakers configured off": {
			broker.Live{State: broker.Open},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Always: true},
			broker.Live{State: broker.Open, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"begin forgets calls that cannot be in flight any more": {
			broker.Live{InFlight: map[int64]int64{minute - 16: 9, minute - 15: 1}},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon},
			broker.Live{InFlight: map[int64]int64{minute - 15: 1, minute: 1}},
			true,
		},
		"begin of a retry is charged": {
			broker.Live{RetryDebt: 45},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Try: broker.Retry},
			broker.Live{RetryDebt: 50, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"begin of a retry beyond the budget is refused, with breakers off too": {
			broker.Live{RetryDebt: 46},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Try: broker.Retry, Always: true},
			broker.Live{RetryDebt: 46},
			false,
		},
		"begin of a first try pays": {
			broker.Live{RetryDebt: 46},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Try: broker.FirstTry},
			broker.Live{RetryDebt: 45, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"begin of a first try saves nothing up": {
			broker.Live{},
			broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Try: broker.FirstTry},
			broker.Live{InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"probe takes the free permit past open_until": {
			broker.Live{State: broker.Open, Epoch: 3, OpenUntil: after(-5), Opens: 1, Reason: "run"}, probe, probed, true,
		},
		"probe takes an expired permit":                   {halfOpen(dead), probe, probed, true},
		"probe is refused while another holds the permit": {halfOpen(other), probe, halfOpen(other), false},
		"probe is refused before open_until": {
			broker.Live{State: broker.Open, Epoch: 3, OpenUntil: after(1)},
			probe,
			broker.Live{State: broker.Open, Epoch: 3, OpenUntil: after(1)},
			false,
		},
		"probe is refused in another epoch": {
			broker.Live{State: broker.Open, Epoch: 4}, probe, broker.Live{State: broker.Open, Epoch: 4}, false,
		},
		"probe is refused while closed":   {broker.Live{Epoch: 3}, probe, broker.Live{Epoch: 3}, false},
		"probe is refused while disabled": {broker.Live{State: broker.Disabled, Epoch: 3}, probe, broker.Live{State: broker.Disabled, Epoch: 3}, false},
		"probe is refused while an operator holds it open without end": {
			broker.Live{State: broker.ForcedOpen, Epoch: 3}, probe, broker.Live{State: broker.ForcedOpen, Epoch: 3}, false,
		},
		"a failure counts in its bucket and in the run": {
			broker.Live{Epoch: 2, FailRun: 1, InFlight: map[int64]int64{minute: 2}},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Epoch: 2, Bad: true},
			broker.Live{Epoch: 2, FailRun: 2, InFlight: map[int64]int64{minute: 1}, Ring: ring(broker.Bucket{Slot: slot, Bad: 1})},
			true,
		},
		"a success counts in its bucket and leaves the run": {
			broker.Live{FailRun: 1, InFlight: map[int64]int64{minute: 1}, Ring: ring(broker.Bucket{Slot: slot, Good: 1, Bad: 1})},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Good: true},
			broker.Live{FailRun: 1, InFlight: map[int64]int64{}, Ring: ring(broker.Bucket{Slot: slot, Good: 2, Bad: 1})},
			true,
		},
		"a slow call counts beside good and bad": {
			broker.Live{Ring: ring(broker.Bucket{Slot: slot, Good: 2, Bad: 1, Slow: 1})},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Good: true, Slow: true},
			broker.Live{Ring: ring(broker.Bucket{Slot: slot, Good: 3, Bad: 1, Slow: 2})},
			true,
		},
		"a slow call of an old epoch does not": {
			broker.Live{Epoch: 1},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Bad: true, Slow: true},
			broker.Live{Epoch: 1},
			true,
		},
		"a bucket of an earlier minute starts again": {
			broker.Live{Ring: ring(broker.Bucket{Slot: slot - 6, Good: 50})},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Good: true},
			broker.Live{Ring: ring(broker.Bucket{Slot: slot, Good: 1})},
			true,
		},
		"a late result of an old epoch only leaves the flight": {
			broker.Live{Epoch: 5, InFlight: map[int64]int64{minute: 1}},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon, Epoch: 4, Bad: true},
			broker.Live{Epoch: 5, InFlight: map[int64]int64{}},
			true,
		},
		"an end without evidence only leaves the flight": {
			broker.Live{FailRun: 1, InFlight: map[int64]int64{minute: 1}},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: noon, Started: noon},
			broker.Live{FailRun: 1, InFlight: map[int64]int64{}},
			true,
		},
		"a time before 1970 has a bucket too": {
			broker.Live{},
			broker.LiveWrite{Kind: broker.LiveEnd, Now: time.Unix(-15, 0), Good: true},
			broker.Live{Ring: [6]broker.Bucket{5: {Slot: -1, Good: 1}}},
			true,
		},
		"reset ends the run":                 {broker.Live{FailRun: 3}, broker.LiveWrite{Kind: broker.LiveReset}, broker.Live{}, true},
		"reset is refused in another epoch":  {broker.Live{Epoch: 1, FailRun: 3}, broker.LiveWrite{Kind: broker.LiveReset}, broker.Live{Epoch: 1, FailRun: 3}, false},
		"reset is refused while not closed":  {broker.Live{State: broker.Open}, broker.LiveWrite{Kind: broker.LiveReset}, broker.Live{State: broker.Open}, false},
		"trip opens and forgets the run":     {broker.Live{Epoch: 1, FailRun: 5, Ring: ring(broker.Bucket{Slot: slot, Bad: 5})}, broker.LiveWrite{Kind: broker.LiveTrip, Now: noon, Epoch: 1, OpenUntil: after(60), Reason: "run"}, broker.Live{State: broker.Open, Epoch: 2, OpenUntil: after(60), Reason: "run", Opens: 1}, true},
		"trip is refused in another epoch":   {broker.Live{Epoch: 1}, broker.LiveWrite{Kind: broker.LiveTrip, Now: noon}, broker.Live{Epoch: 1}, false},
		"trip is refused while disabled":     {broker.Live{State: broker.Disabled}, broker.LiveWrite{Kind: broker.LiveTrip, Now: noon}, broker.Live{State: broker.Disabled}, false},
		"trip remembers openings of late":    {broker.Live{Opens: 4, ClosedAt: after(-119)}, broker.LiveWrite{Kind: broker.LiveTrip, Now: noon}, broker.Live{State: broker.Open, Epoch: 1, Opens: 4, ClosedAt: after(-119)}, true},
		"pass closes at the threshold":       {halfOpen(other, mine), broker.LiveWrite{Kind: broker.LivePass, Now: noon, Epoch: 3, Attempt: "mine", Threshold: 1}, broker.Live{State: broker.Closed, Epoch: 4, OpenUntil: after(-5), Opens: 1, ClosedAt: noon}, true},
		"pass below the threshold counts":    {halfOpen(other, mine), broker.LiveWrite{Kind: broker.LivePass, Now: noon, Epoch: 3, Attempt: "mine", Threshold: 2}, broker.Live{State: broker.HalfOpen, Epoch: 3, OpenUntil: after(-5), Opens: 1, Successes: 1, Permits: []broker.Permit{other}, Reason: "run"}, true},
		"pass is refused without the permit": {halfOpen(other), broker.LiveWrite{Kind: broker.LivePass, Now: noon, Epoch: 3, Attempt: "mine", Threshold: 1}, halfOpen(other), false},
		"pass is refused in another epoch":   {halfOpen(mine), broker.LiveWrite{Kind: broker.LivePass, Now: noon, Epoch: 2, Attempt: "mine", Threshold: 1}, halfOpen(mine), false},
		"fail opens again":                   {halfOpen(mine, other), broker.LiveWrite{Kind: broker.LiveFail, Now: noon, Epoch: 3, Attempt: "mine", OpenUntil: after(120), Reason: "probe"}, broker.Live{State: broker.Open, Epoch: 4, OpenUntil: after(120), Reason: "probe", Opens: 2}, true},
		"release gives the permit back":      {halfOpen(mine, other), broker.LiveWrite{Kind: broker.LiveRelease, Now: noon, Epoch: 3, Attempt: "mine"}, halfOpen(other), true},
		"clear is as new and keeps the flight": {
			broker.Live{State: broker.Open, Epoch: 3, OpenUntil: after(60), Opens: 2, Reason: "auth", InFlight: map[int64]int64{minute: 1}},
			broker.LiveWrite{Kind: broker.LiveClear, Now: noon},
			broker.Live{State: broker.Closed, Epoch: 4, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"clear is refused while somebody holds the row": {
			broker.Live{State: broker.ForcedOpen, OpenUntil: after(1), Source: "s"},
			broker.LiveWrite{Kind: broker.LiveClear, Now: noon},
			broker.Live{State: broker.ForcedOpen, OpenUntil: after(1), Source: "s"},
			false,
		},
		"clear makes new what nobody holds any more": {
			broker.Live{State: broker.ForcedOpen, OpenUntil: noon, Source: "s"},
			broker.LiveWrite{Kind: broker.LiveClear, Now: noon},
			broker.Live{State: broker.Closed, Epoch: 1},
			true,
		},
		"force opens whatever it is and forgets what was gathered": {
			broker.Live{
				State: broker.HalfOpen, Epoch: 3, OpenUntil: after(-5), Opens: 2, Successes: 1, FailRun: 4, Reason: "run", ClosedAt: after(-99),
				Permits: []broker.Permit{mine}, InFlight: map[int64]int64{minute: 1}, Ring: ring(broker.Bucket{Slot: slot, Bad: 5}),
			},
			broker.LiveWrite{Kind: broker.LiveForce, Now: noon, OpenUntil: after(9), Reason: "said", Source: "s"},
			broker.Live{
				State: broker.ForcedOpen, Epoch: 4, OpenUntil: after(9), Opens: 2, Reason: "said", Source: "s", ClosedAt: after(-99),
				InFlight: map[int64]int64{minute: 1},
			},
			true,
		},
		"lift is as new and keeps the flight": {
			broker.Live{State: broker.ForcedOpen, Epoch: 4, Opens: 2, Reason: "said", Source: "s", InFlight: map[int64]int64{minute: 1}},
			broker.LiveWrite{Kind: broker.LiveLift, Now: noon},
			broker.Live{State: broker.Closed, Epoch: 5, InFlight: map[int64]int64{minute: 1}},
			true,
		},
		"lift also ends a trial after a hold": {
			broker.Live{State: broker.HalfOpen, Epoch: 4, Source: "s", Permits: []broker.Permit{mine}},
			broker.LiveWrite{Kind: broker.LiveLift, Now: noon},
			broker.Live{State: broker.Closed, Epoch: 5},
			true,
		},
		"lift is refused where nobody holds":    {broker.Live{State: broker.Open}, broker.LiveWrite{Kind: broker.LiveLift}, broker.Live{State: broker.Open}, false},
		"allow lets a probe in at once":         {broker.Live{State: broker.Open, Epoch: 2, OpenUntil: after(9), Opens: 1, Reason: "run"}, broker.LiveWrite{Kind: broker.LiveAllow, Now: noon, Epoch: 2}, broker.Live{State: broker.Open, Epoch: 2, OpenUntil: noon, Opens: 1, Reason: "run"}, true},
		"allow is refused in another epoch":     {broker.Live{State: broker.Open, Epoch: 2, OpenUntil: after(9)}, broker.LiveWrite{Kind: broker.LiveAllow, Now: noon, Epoch: 1}, broker.Live{State: broker.Open, Epoch: 2, OpenUntil: after(9)}, false},
		"allow is refused past the time open":   {broker.Live{State: broker.Open, OpenUntil: noon}, broker.LiveWrite{Kind: broker.LiveAllow, Now: noon}, broker.Live{State: broker.Open, OpenUntil: noon}, false},
		"allow is refused while somebody holds": {broker.Live{State: broker.ForcedOpen, OpenUntil: after(9)}, broker.LiveWrite{Kind: broker.LiveAllow, Now: noon}, broker.Live{State: broker.ForcedOpen, OpenUntil: after(9)}, false},
		"a trial that closes forgets who held":  {broker.Live{State: broker.HalfOpen, Epoch: 3, Source: "s", Reason: "said", Permits: []broker.Permit{mine}}, broker.LiveWrite{Kind: broker.LivePass, Now: noon, Epoch: 3, Attempt: "mine", Threshold: 1}, broker.Live{State: broker.Closed, Epoch: 4, ClosedAt: noon}, true},
		"a trial that fails forgets who held":   {broker.Live{State: broker.HalfOpen, Epoch: 3, Source: "s", Reason: "said", Permits: []broker.Permit{mine}}, broker.LiveWrite{Kind: broker.LiveFail, Now: noon, Epoch: 3, Attempt: "mine", OpenUntil: after(9), Reason: "probe"}, broker.Live{State: broker.Open, Epoch: 4, OpenUntil: after(9), Opens: 1, Reason: "probe"}, true},
		"an unknown kind changes nothing":       {broker.Live{Epoch: 1}, broker.LiveWrite{Kind: "melt"}, broker.Live{Epoch: 1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, held := c.write.Apply(c.before)
			if held != c.held {
				t.Fatalf("held: got %v, want %v", held, c.held)
			}
			if diff := cmp.Diff(c.want, got, emptyIsNil); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWindow_adds_up_the_tens_of_seconds_that_are_in_it(t *testing.T) {
	slot := noon.Unix() / 10
	var l broker.Live
	for back := range int64(6) {
		l.Ring[(slot-back)%6] = broker.Bucket{Slot: slot - back, Good: 1, Bad: 10, Slow: 100}
	}
	for seconds, n := range map[int]int64{0: 0, 10: 1, 20: 2, 50: 5, 60: 6, 600: 6} {
		want := broker.Bucket{Slot: slot, Good: n, Bad: 10 * n, Slow: 100 * n}
		if got := l.Window(noon.Add(9*time.Second), time.Duration(seconds)*time.Second); got != want {
			t.Errorf("%d s: want %+v, got %+v", seconds, want, got)
		}
	}
	if got := l.Window(after(30), time.Minute); got.Good != 3 { // three of them are too old by now
		t.Errorf("half a minute later: %+v", got)
	}
	if got := l.Window(after(-30), time.Minute); got.Good != 3 { // a clock that is behind sees no future
		t.Errorf("half a minute earlier: %+v", got)
	}
}

// emptyIsNil reads an empty list of permits as none.
var emptyIsNil = cmp.FilterValues(func(a, b []broker.Permit) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())

func TestApplyNeverChangesTheRowItIsGiven(t *testing.T) {
	row := func() broker.Live {
		return broker.Live{
			State: broker.HalfOpen, Permits: []broker.Permit{{Attempt: "a", Expires: noon}, {Attempt: "b", Expires: after(9)}},
			InFlight: map[int64]int64{noon.Unix() / 60: 2},
		}
	}
	for _, kind := range []broker.LiveKind{
		broker.LiveBegin, broker.LiveProbe, broker.LiveEnd, broker.LiveReset, broker.LiveTrip,
		broker.LivePass, broker.LiveFail, broker.LiveRelease, broker.LiveClear,
		broker.LiveForce, broker.LiveLift, broker.LiveAllow,
	} {
		given := row()
		broker.LiveWrite{Kind: kind, Now: noon, Started: noon, Attempt: "a", Permits: 3, Good: true, Always: true}.Apply(given)
		if diff := cmp.Diff(row(), given); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
}

func TestStateAtReadsTheClock(t *testing.T) {
	for name, c := range map[string]struct {
		row  broker.Live
		want broker.BreakerState
	}{
		"never written":              {broker.Live{}, broker.Closed},
		"closed":                     {broker.Live{State: broker.Closed}, broker.Closed},
		"open until later":           {broker.Live{State: broker.Open, OpenUntil: after(1)}, broker.Open},
		"open until now":             {broker.Live{State: broker.Open, OpenUntil: noon}, broker.HalfOpen},
		"half-open":                  {broker.Live{State: broker.HalfOpen}, broker.HalfOpen},
		"forced open without an end": {broker.Live{State: broker.ForcedOpen}, broker.ForcedOpen},
		"forced open until later":    {broker.Live{State: broker.ForcedOpen, OpenUntil: after(1)}, broker.ForcedOpen},
		"forced open until now":      {broker.Live{State: broker.ForcedOpen, OpenUntil: noon}, broker.HalfOpen},
		"disabled":                   {broker.Live{State: broker.Disabled, OpenUntil: after(1)}, broker.Disabled},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.row.StateAt(noon); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestOpeningsAreForgottenByTheMinuteWhileClosed(t *testing.T) {
	for name, c := range map[string]struct {
		row  broker.Live
		want int
	}{
		"just closed":           {broker.Live{Opens: 3, ClosedAt: noon}, 3},
		"closed for 59 s":       {broker.Live{Opens: 3, ClosedAt: after(-59)}, 3},
		"closed for 60 s":       {broker.Live{Opens: 3, ClosedAt: after(-60)}, 2},
		"closed for ever":       {broker.Live{Opens: 3, ClosedAt: after(-9999999)}, 0},
		"closed in the future":  {broker.Live{Opens: 3, ClosedAt: after(600)}, 3},
		"still open":            {broker.Live{State: broker.Open, Opens: 3, ClosedAt: after(-600)}, 3},
		"never closed by probe": {broker.Live{Opens: 3}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.row.Openings(noon); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestCallsCountsTheFlightOfTheLastMinutes(t *testing.T) {
	minute := noon.Unix() / 60
	row := broker.Live{InFlight: map[int64]int64{minute: 2, minute - 15: 1, minute - 16: 40}}
	if got := row.Calls(noon); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
	if got := (&broker.Live{}).Calls(noon); got != 0 {
		t.Errorf("of an unused row: got %d, want 0", got)
	}
}

func drawRow(t *rapid.T) broker.Live {
	l := broker.Live{
		State:     broker.BreakerState(rapid.SampledFrom(append(broker.Closed.Values(), "")).Draw(t, "state")),
		OpenUntil: rapid.SampledFrom([]time.Time{{}, after(-9), noon, after(9)}).Draw(t, "until"),
	}
	for range rapid.IntRange(0, 4).Draw(t, "permits") {
		l.Permits = append(l.Permits, broker.Permit{Attempt: "x", Expires: after(rapid.IntRange(-3, 3).Draw(t, "expires"))})
	}
	return l
}

func TestAdmitsIsWhatBeginOrProbeWouldBeGranted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, permits := drawRow(t), rapid.IntRange(0, 3).Draw(t, "of")
		now := after(rapid.IntRange(-12, 12).Draw(t, "now"))
		_, begins := broker.LiveWrite{Kind: broker.LiveBegin, Now: now, Started: now}.Apply(l)
		_, probes := broker.LiveWrite{Kind: broker.LiveProbe, Now: now, Started: now, Permits: permits}.Apply(l)
		if got := l.Admits(permits, now); got != (begins || probes) {
			t.Fatalf("admits %v, begin %v, probe %v", got, begins, probes)
		}
	})
}

func TestAdmitsFromIsTheFirstSecondThatAdmits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, permits := drawRow(t), rapid.IntRange(0, 3).Draw(t, "of")
		from, ok := l.AdmitsFrom(permits)
		for s := -20; s <= 20; s++ {
			now := after(s)
			held := 0
			for _, p := range l.Permits {
				if p.Expires.After(now) {
					held++
				}
			}
			closed := l.State == "" || l.State == broker.Closed || l.State == broker.Disabled
			forced := l.State == broker.ForcedOpen && l.OpenUntil.IsZero()
			want := closed || !forced && !now.Before(l.OpenUntil) && held < permits
			if got := ok && !now.Before(from); got != want {
				t.Fatalf("at %+d s: got %v, want %v", s, got, want)
			}
		}
	})
}

// At every prefix of any sequence: 50/5 retries on credit, and one for each
// five first tries.
func TestRetriesAreAtMostAFifthOfFirstTriesAndTenMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l broker.Live
		firsts, retries := 0, 0
		for _, retry := range rapid.SliceOfN(rapid.Bool(), 0, 300).Draw(t, "retry") {
			w := broker.LiveWrite{Kind: broker.LiveBegin, Now: noon, Started: noon, Try: broker.FirstTry}
			if retry {
				w.Try = broker.Retry
			}
			after, held := w.Apply(l)
			l = after
			switch {
			case !retry && !held:
				t.Fatal("a first try was refused")
			case !retry:
				firsts++
			case held:
				retries++
			case retries < 10:
				t.Fatalf("retry %d was refused", retries+1)
			}
			if 5*retries > 50+firsts {
				t.Fatalf("%d retries of %d first tries", retries, firsts)
			}
		}
	})
}
