package main

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/catalog/counts"
)

// usage is what one operation uses of each thing that is billed.
type usage struct {
	HTTPCalls, RESTCalls, Ticks float64
	Invocations, GBSeconds      float64
	Transitions                 float64
	Executions, ExpressGBSec    float64
	WriteUnits, ReadUnits       float64
	LogGB                       float64
}

// uses works out what an operation uses, but for the door by which it came in.
func uses(o counts.Operation, a assumptions, memoryMB int) usage {
	t := o.Totals()
	u := usage{
		Invocations: float64(t.Invocations), Transitions: float64(t.Transitions),
		WriteUnits: t.WriteUnits, ReadUnits: t.ReadUnits,
		LogGB: float64(t.Invocations*a.LogBytes) / 1e9,
	}
	runs := a.workflow(o)
	if o.Flow == counts.Express {
		u.Executions, u.ExpressGBSec = 1, expressGBSeconds(runs)
	}
	waits := runs
	if o.Awaited {
		n, over := looks(runs)
		u.ReadUnits += float64(n) * counts.Poll().Totals().ReadUnits
		waits = over
	}
	u.GBSeconds = a.billed(o, waits).Seconds() * float64(memoryMB) / 1024
	return u
}

// takes is how long one invocation runs.
func (a assumptions) takes(s counts.Step) time.Duration {
	if s.Driver {
		return a.Work + a.Driver
	}
	return a.Work
}

// workflow is how long the workflow of an operation runs: all steps but that
// which started it.
func (a assumptions) workflow(o counts.Operation) time.Duration {
	if o.Flow == counts.None {
		return 0
	}
	steps := o.Steps
	if o.Starts() {
		steps = steps[1:]
	}
	sum := time.Duration(len(o.States)) * a.State
	for _, s := range steps {
		sum += a.takes(s)
	}
	return sum
}

// billed is how long functions run together. The one that starts a workflow
// waits for it.
func (a assumptions) billed(o counts.Operation, waits time.Duration) time.Duration {
	var sum time.Duration
	for _, s := range o.Steps {
		sum += a.takes(s)
	}
	if o.Starts() {
		sum += waits
	}
	return sum
}

// Express executions are billed in steps of 100 ms and of 64 MB; ours need one
// of these.
const (
	expressStep = 100 * time.Millisecond
	expressMB   = 64
)

func expressGBSeconds(runs time.Duration) float64 {
	steps := (runs + expressStep - 1) / expressStep
	return (steps * expressStep).Seconds() * expressMB / 1024
}
