package local_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines"
)

// A pool that is empty fails the attempt; settle, which decides, sends the
// wish to the spare.
func Example() {
	ctx := context.Background()
	runner, err := local.New(local.Options{
		Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Invoker: local.Functions{
			"attempt-pool":  func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, fmt.Errorf("empty") },
			"attempt-spare": func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(`{}`), nil },
			"settle": func(_ context.Context, caught json.RawMessage) (json.RawMessage, error) {
				fmt.Println("settle:", string(caught))
				return json.RawMessage(`{"operation_id": "op-1", "decision": "NEXT", "function": "attempt-spare", "attempt": 2, "run": 1,
					"action": "create", "driver_timeout_ms": 5000, "timeout_seconds": 7, "wait_seconds": 0}`), nil
			},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = runner.Start(ctx, local.Execution{
		Name: "op-1", OperationID: "op-1", Machine: statemachines.ExecuteWithFailover, Timeout: 27 * time.Second,
		Input: json.RawMessage(`{"operation_id": "op-1", "functions": {"settle": "settle"}, "current": {"operation_id": "op-1",
			"decision": "NEXT", "function": "attempt-pool", "attempt": 1, "run": 1, "action": "create",
			"driver_timeout_ms": 5000, "timeout_seconds": 7, "wait_seconds": 0}}`),
	})
	fmt.Println("started:", err)
	fmt.Println("waited:", runner.Wait(ctx, "op-1"))
	fmt.Println("stopped:", runner.Stop(ctx))
	// Unordered output:
	// started: <nil>
	// settle: {"attempt":1,"error":{"Cause":"empty","Error":"Lambda.Unknown"},"operation_id":"op-1","run":1}
	// waited: <nil>
	// stopped: <nil>
}
