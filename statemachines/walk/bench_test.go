package walk_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// One execution with one task: what the walk adds to the function's own time.
// The goal is 20 µs.
func BenchmarkWalkOneTask(b *testing.B) {
	machine := load(b, taskText(`"End": true`))
	e := walk.Execution{
		Name: "bench", Timeout: 27 * time.Second,
		Input: json.RawMessage(`{"f": "attempt-static", "operation_id": "0190c6b1-8a4e-7c4e-9f3a-1d2e3f405162", "attempt": 1, "run": 1,
			"action": "create", "driver_timeout_ms": 5000, "timeout_seconds": 7, "decision": "NEXT", "wait_seconds": 0}`),
	}
	env := walk.Env{Clock: bubbleClock{}, Invoker: replies(`{}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := machine.Run(b.Context(), e, env); err != nil {
			b.Fatal(err)
		}
	}
}
