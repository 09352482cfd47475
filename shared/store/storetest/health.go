package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testHealth(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a check of an unknown provider is not found", healthUnknown},
		{"the newest check is stored and ends the check in progress", healthStored},
		{"an older check is dropped", healthOlder},
		{"of two checks of one moment the later record stays", healthSame},
		{"scheduled checks that fail are counted until anything is well", healthFailedInRow},
		{"what somebody says comes back as it was said, and is news", healthSaid},
		{"history has what changed, newest first", healthHistory},
		{"history is bounded by time and by number", healthBounds},
		{"history of five weeks ago has expired by the reader's clock", healthExpiry},
		{"a due check is claimed once", healthClaim},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, open)
			must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
			c.run(f)
		})
	}
}

func health(state broker.HealthState, message string, checked time.Time) broker.Health {
	return broker.Health{
		State: state, Message: message, CheckedAt: checked, ResponseTime: 12 * time.Millisecond,
		Checks: []broker.Check{{Name: "10.0.0.1", OK: state == broker.Healthy, Message: message}},
	}
}

func (f *fixture) recordHealth(name string, h broker.Health) broker.Health {
	f.Helper()
	return must[broker.Health](f)(f.RecordHealth(f.Context(), name, h))
}

func (f *fixture) history(since time.Time, limit int) []broker.Health {
	f.Helper()
	return must[[]broker.Health](f)(f.HealthHistory(f.Context(), "pool-a", since, limit))
}

func healthUnknown(f *fixture) {
	_, err := f.RecordHealth(f.Context(), "nobody", health(broker.Healthy, "", start))
	f.refused(err, fault.NotFound)
	taken, err := f.ClaimCheck(f.Context(), "nobody", time.Time{}, start, at(time.Minute))
	f.ok(err)
	f.same(false, taken)
	f.same(0, len(must[[]broker.Health](f)(f.HealthHistory(f.Context(), "nobody", time.Time{}, 10))))
	f.same(0, len(f.history(time.Time{}, 10)))
}

func healthStored(f *fixture) {
	must[bool](f)(f.ClaimCheck(f.Context(), "pool-a", time.Time{}, at(time.Second), at(time.Minute)))
	f.same(at(time.Second), f.view("pool-a").CheckStartedAt)
	h := health(broker.Degraded, "slow", at(2*time.Second))
	f.same(h, f.recordHealth("pool-a", h))
	got := f.view("pool-a")
	f.same(h, got.Health)
	f.same(time.Time{}, got.CheckStartedAt)
	f.same(at(time.Minute), got.NextCheckAt)
}

func healthOlder(f *fixture) {
	newer, older := health(broker.Unhealthy, "down", at(time.Minute)), health(broker.Healthy, "up", start)
	f.recordHealth("pool-a", newer)
	f.same(newer, f.recordHealth("pool-a", older))
	f.same(newer, f.view("pool-a").Health)
	f.same([]broker.Health{newer}, f.history(time.Time{}, 10))
}

func healthSame(f *fixture) {
	first, second := health(broker.Unhealthy, "down", start), health(broker.Healthy, "up", start)
	f.recordHealth("pool-a", first)
	f.recordHealth("pool-a", second)
	f.same(second, f.view("pool-a").Health)
	f.same([]broker.Health{second}, f.history(time.Time{}, 10))
}

func healthFailedInRow(f *fixture) {
	for i, c := range []struct {
		state     broker.HealthState
		scheduled bool
		want      int
	}{
		{broker.Unhealthy, true, 1},
		{broker.Unhealthy, true, 2},
		{broker.Unhealthy, false, 2},
		{broker.Unhealthy, true, 3},
		{broker.Degraded, false, 0},
		{broker.Unhealthy, false, 0},
		{broker.Unhealthy, true, 1},
		{broker.Healthy, true, 0},
		{broker.Unhealthy, true, 1},
	} {
		h := health(c.state, "", at(time.Duration(i)*time.Minute))
		h.Scheduled, h.FailedInRow = c.scheduled, 7 // the store counts
		want := h
		want.FailedInRow = c.want
		f.same(want, f.recordHealth("pool-a", h))
		f.same(want, f.view("pool-a").Health)
	}
	late := health(broker.Unhealthy, "late", start)
	late.Scheduled = true
	f.same(1, f.recordHealth("pool-a", late).FailedInRow)
	update := registration("pool-a")
	update.Version = 1
	must[broker.Registration](f)(f.PutProvider(f.Context(), update))
	f.restart()
	f.same(1, f.view("pool-a").Health.FailedInRow)
	f.same(0, f.history(time.Time{}, 1)[0].FailedInRow)
}

func healthSaid(f *fixture) {
	found := health(broker.Unhealthy, "down", start)
	said := health(broker.Unhealthy, "down", at(time.Minute))
	said.Source, said.Actor, said.Until = "monitor", broker.Actor{Principal: "ada", RequestID: "r-1"}, at(time.Hour)
	said.Details = []byte(`{"error_code": "<E>", "retry_after": 300}`)
	again := said
	again.CheckedAt = at(2 * time.Minute)
	after := health(broker.Unhealthy, "down", at(3*time.Minute))
	f.recordHealth("pool-a", found)
	f.same(said, f.recordHealth("pool-a", said))
	f.recordHealth("pool-a", again)
	f.same(again, f.view("pool-a").Health)
	f.recordHealth("pool-a", after)
	f.same(after, f.view("pool-a").Health)
	f.same([]broker.Health{after, said, found}, f.history(time.Time{}, 10))
}

func healthHistory(f *fixture) {
	a := health(broker.Healthy, "up", at(1*time.Minute))
	b := health(broker.Healthy, "up", at(2*time.Minute)) // nothing new
	c := health(broker.Healthy, "up again", at(3*time.Minute))
	d := health(broker.Unhealthy, "up again", at(4*time.Minute))
	for _, h := range []broker.Health{a, b, c, d} {
		f.recordHealth("pool-a", h)
	}
	f.same([]broker.Health{d, c, a}, f.history(time.Time{}, 10))
	f.restart()
	f.same([]broker.Health{d, c, a}, f.history(time.Time{}, 10))
}

func healthBounds(f *fixture) {
	var all []broker.Health
	for i := range 5 {
		state := []broker.HealthState{broker.Healthy, broker.Unhealthy}[i%2]
		h := health(state, "", at(time.Duration(i)*time.Minute))
		f.recordHealth("pool-a", h)
		all = append(all, h)
	}
	f.same([]broker.Health{all[4], all[3]}, f.history(time.Time{}, 2))
	f.same([]broker.Health{all[4], all[3], all[2]}, f.history(at(2*time.Minute), 10))
	f.same([]broker.Health{all[4], all[3]}, f.history(at(2*time.Minute+1), 10))
	f.same(0, len(f.history(time.Time{}, 0)))
}

func healthExpiry(f *fixture) {
	h := health(broker.Healthy, "up", start)
	f.recordHealth("pool-a", h)
	f.clock.advance(34 * 24 * time.Hour)
	f.same([]broker.Health{h}, f.history(time.Time{}, 10))
	f.clock.advance(2 * 24 * time.Hour)
	f.same(0, len(f.history(time.Time{}, 10)))
	f.same(h, f.view("pool-a").Health) // the newest one stays
}

func healthClaim(f *fixture) {
	claims := []struct {
		seen, now, next time.Time
		want            bool
	}{
		{at(time.Second), start, at(time.Minute), false}, // never due then
		{time.Time{}, start, at(time.Minute), true},      // due since registration
		{time.Time{}, start, at(time.Minute), false},     // taken
		{at(time.Minute).Local(), at(time.Minute), at(2 * time.Minute), true},
	}
	for _, c := range claims {
		got, err := f.ClaimCheck(f.Context(), "pool-a", c.seen, c.now, c.next)
		f.ok(err)
		f.same(c.want, got)
	}
	got := f.view("pool-a")
	f.same(at(2*time.Minute), got.NextCheckAt)
	f.same(at(time.Minute), got.CheckStartedAt)
}
