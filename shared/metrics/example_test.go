package metrics_test

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// Two attempts are added to their minute's row, and read back as a window.
func Example() {
	now := time.Date(2026, 3, 1, 12, 5, 30, 0, time.UTC)
	var stored metrics.Flat
	for _, e := range []metrics.Event{
		{Operation: broker.CreateInstances, Ended: now, Duration: 900 * time.Millisecond, Machines: 2},
		{Operation: broker.CreateInstances, Ended: now, Class: fault.Capacity, Code: "PoolEmpty", Message: "no host is free"},
	} {
		delta := e.Delta()
		stored.Apply(delta.Counters.Flat()) // the store's part
	}

	row, err := metrics.ParseKey(metrics.Minute, "2026-03-01T12", "05#CREATE_INSTANCES")
	if err == nil {
		row.Counters, err = stored.Counters()
	}
	plan, planned := metrics.NewPlan(now, 24, metrics.Rolled{Until: now})
	if err != nil || planned != nil {
		fmt.Println(err, planned)
		return
	}

	window := plan.Fold([]metrics.Row{row})
	rate, _ := window.All.SuccessRate()
	p95, _ := window.All.Latency.Quantile(0.95)
	fmt.Println(window.All.Total, rate, window.All.Machines, p95.Round(time.Millisecond))
	fmt.Println(window.All.Errors.Top(1)[0].Code)
	_, measured := metrics.Summarize(broker.ClassRead, nil, metrics.Summary{}, now).SuccessRate()
	fmt.Println(measured)
	// Output:
	// 2 0.5 2 741ms
	// PoolEmpty
	// false
}
