package main

import (
	"encoding/json"
	"time"
)

// assumptions are what nobody has measured on AWS. They decide the time that
// is billed and nothing else.
type assumptions struct {
	Work     time.Duration // of a warm function, calls of DynamoDB included
	Driver   time.Duration // a call of a provider
	State    time.Duration // what Step Functions adds for each state
	MemoryMB int           // of a function
	Other    int           // the same, for comparison
	LogBytes int           // of an invocation: three lines of Lambda's own and some of ours
	Checked  int           // providers, all of which are due at the same ticks
	Ticks    int           // of one schedule, in a month of 30 days
	Every    int           // how many ticks lie between two checks of a provider
}

// MarshalJSON writes times in milliseconds.
func (a assumptions) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"work_ms": a.Work.Milliseconds(), "driver_ms": a.Driver.Milliseconds(), "state_ms": a.State.Milliseconds(),
		"memory_mb": a.MemoryMB, "other_memory_mb": a.Other, "log_bytes_per_invocation": a.LogBytes,
		"providers": a.Checked, "ticks_a_month": a.Ticks, "ticks_between_checks": a.Every,
	})
}

func assumed() assumptions {
	return assumptions{
		Work: 30 * time.Millisecond, Driver: time.Second, State: 50 * time.Millisecond,
		MemoryMB: 128, Other: 256, LogBytes: 1000, Checked: 2, Ticks: 30 * 24 * 60, Every: 5,
	}
}

// How often a caller who waits looks at the ledger: shared/flow/sfn.
const (
	firstLook = 40 * time.Millisecond
	lastLook  = time.Second
)

// looks is how often the ledger is looked at until something that takes so
// long is over, and how long that is then.
func looks(takes time.Duration) (n int, over time.Duration) {
	for pause := firstLook; over < takes; pause = min(pause*3/2, lastLook) {
		over += pause
		n++
	}
	return n, over
}
