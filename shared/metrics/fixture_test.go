package metrics_test

import (
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

var empty = cmpopts.EquateEmpty()

// drawEvent ends within a span around noon; what is rare elsewhere is often
// drawn here.
func drawEvent(t *rapid.T, from, to time.Time) metrics.Event {
	classes := append([]fault.Class{fault.None, fault.None, fault.None}, fault.Classes()...)
	return metrics.Event{
		Operation: broker.OperationType(rapid.SampledFrom(broker.OperationType("").Values()).Draw(t, "operation")),
		Ended:     from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))-1).Draw(t, "ended"))),
		Duration:  duration().Draw(t, "duration") - 10,
		Timeout:   rapid.SampledFrom([]time.Duration{0, 5 * time.Second}).Draw(t, "timeout"),
		SlowCall:  rapid.SampledFrom([]time.Duration{0, time.Second}).Draw(t, "slow call"),
		Class:     rapid.SampledFrom(classes).Draw(t, "class"),
		Code:      rapid.SampledFrom([]string{"", "PoolEmpty", "Slow_Down", "Überlast", "a#b", "last"}).Draw(t, "code"),
		Message:   rapid.SampledFrom([]string{"", "no host", "try later"}).Draw(t, "message"),
		Machines:  rapid.IntRange(0, 3).Draw(t, "machines"),
		Throttles: rapid.IntRange(0, 2).Draw(t, "throttles"),
	}
}

func drawEvents(t *rapid.T, most int, from, to time.Time) []metrics.Event {
	events := make([]metrics.Event, rapid.IntRange(0, most).Draw(t, "events"))
	for i := range events {
		events[i] = drawEvent(t, from, to)
	}
	return events
}

func sum(events []metrics.Event) metrics.Counters {
	var c metrics.Counters
	for _, e := range events {
		delta := e.Delta()
		c.Add(&delta.Counters)
	}
	return c
}
