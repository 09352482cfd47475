package metrics_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

func record(minute int, s broker.HealthState) broker.Health {
	return broker.Health{State: s, CheckedAt: after(time.Duration(minute) * time.Minute)}
}

func TestAvailability(t *testing.T) {
	const h, d, u, x = broker.Healthy, broker.Degraded, broker.Unhealthy, broker.Unknown
	for name, c := range map[string]struct {
		history   []broker.Health
		known, up time.Duration // minutes, of the hour from noon
	}{
		"nothing recorded: nothing known":         {nil, 0, 0},
		"healthy since before":                    {[]broker.Health{record(-500, h)}, 60, 60},
		"down since before":                       {[]broker.Health{record(-500, u)}, 60, 0},
		"unknown before the first record":         {[]broker.Health{record(45, h)}, 15, 15},
		"a record at the end says nothing":        {[]broker.Health{record(60, h)}, 0, 0},
		"degraded is up":                          {[]broker.Health{record(0, d)}, 60, 60},
		"down for a quarter":                      {[]broker.Health{record(0, h), record(30, u), record(45, h)}, 60, 45},
		"newest first, as a store gives":          {[]broker.Health{record(45, h), record(30, u), record(0, h)}, 60, 45},
		"unknown in between is not known":         {[]broker.Health{record(0, h), record(30, x), record(45, u)}, 45, 30},
		"no state is unknown":                     {[]broker.Health{record(0, ""), record(30, h)}, 30, 30},
		"of the same time the worst counts":       {[]broker.Health{record(0, u), record(0, h), record(0, x)}, 60, 0},
		"the same state again changes nothing":    {[]broker.Health{record(-9, h), record(20, h), record(40, h)}, 60, 60},
		"only the last one from before is looked": {[]broker.Health{record(-9, u), record(-5, h)}, 60, 60},
	} {
		t.Run(name, func(t *testing.T) {
			got := metrics.Availability(c.history, noon, after(time.Hour))
			if want := (metrics.Uptime{Known: c.known * time.Minute, Up: c.up * time.Minute}); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestWhatIsNotKnownHasNoShare(t *testing.T) {
	if share, ok := (metrics.Uptime{}).Share(); ok {
		t.Errorf("got %v", share)
	}
	if share, ok := (metrics.Uptime{Known: time.Hour, Up: 45 * time.Minute}).Share(); !ok || share != 0.75 {
		t.Errorf("got %v, %v", share, ok)
	}
	if got := metrics.Availability([]broker.Health{record(0, broker.Healthy)}, after(time.Hour), noon); got.Known != 0 {
		t.Errorf("a window that ends before it begins: got %v", got)
	}
}

func TestAvailabilityIsAnyOrderAndAWalkByMinutes(t *testing.T) {
	states := []broker.HealthState{broker.Healthy, broker.Degraded, broker.Unhealthy, broker.Unknown}
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.SliceOfNDistinct(rapid.IntRange(-60, 180), 0, 12, func(i int) int { return i }).Draw(r, "minutes")
		byMinute := map[int]broker.HealthState{}
		var history []broker.Health
		for _, m := range at {
			byMinute[m] = rapid.SampledFrom(states).Draw(r, "state")
			history = append(history, record(m, byMinute[m]))
		}
		var want metrics.Uptime
		state := broker.Unknown
		for m := -60; m < 120; m++ {
			if s, ok := byMinute[m]; ok {
				state = s
			}
			if m >= 0 && state != broker.Unknown {
				want.Known += time.Minute
				if state != broker.Unhealthy {
					want.Up += time.Minute
				}
			}
		}
		if got := metrics.Availability(history, noon, after(2*time.Hour)); got != want {
			r.Errorf("got %+v, want %+v", got, want)
		}
	})
}
