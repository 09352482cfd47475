package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/flow/local"
)

// flows are on a runner whose attempts go on until somebody ends them.
func flows(t *testing.T, ended func(local.Execution, local.Result)) local.Flows {
	t.Helper()
	functions := local.Functions{"attempt-static": func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	r, err := local.New(local.Options{Invoker: functions, Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler), Ended: ended})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if err := r.Stop(over); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return local.Flows{Runner: r, Functions: functions, Probe: map[string]string{"static": "probe-static"}, Now: time.Now}
}

// execution is of an operation whose attempt may take a day.
func execution(deadline time.Time) broker.Execution {
	return broker.Execution{
		Name: "op-1-1", OperationID: "op-1", Deadline: deadline,
		Input: json.RawMessage(`{"operation_id": "op-1", "functions": {"settle": "settle"}, "current": {"operation_id": "op-1", "decision": "NEXT",
			"function": "attempt-static", "attempt": 1, "run": 1, "action": "create", "driver_timeout_ms": 86400000, "timeout_seconds": 86400, "wait_seconds": 0}}`),
	}
}

func TestAnOperationsRunLivesFiveMinutesLongerThanIt(t *testing.T) {
	for name, c := range map[string]struct {
		deadline, want time.Duration
	}{
		"a deadline to come": {20 * time.Second, 5*time.Minute + 20*time.Second},
		"one that is over":   {-time.Hour, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := flows(t, nil)
				began := time.Now()
				if err := f.StartOperation(t.Context(), execution(began.Add(c.deadline))); err != nil {
					t.Fatal(err)
				}
				if !f.Running("op-1") || f.Running("op-2") {
					t.Error("want op-1 to run, and no other")
				}
				if err := f.WaitOperation(t.Context(), "op-1"); err != nil {
					t.Fatal(err)
				}
				if got := time.Since(began); got != c.want {
					t.Errorf("want it to end after %s, got %s", c.want, got)
				}
			})
		})
	}
}

func TestARunOfAnOperationThatRunsIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := 0
		f := flows(t, func(local.Execution, local.Result) { ended++ })
		for range 2 {
			if err := f.StartOperation(t.Context(), execution(time.Now())); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.WaitOperation(t.Context(), "op-1"); err != nil {
			t.Fatal(err)
		}
		if ended != 1 {
			t.Errorf("want one run, got %d", ended)
		}
	})
}

func TestAProbeIsACallOfTheFunctionOfItsKindWithinFourSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := flows(t, nil)
		var asked map[string]any
		f.Functions = local.Functions{"probe-static": func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
			if err := json.Unmarshal(payload, &asked); err != nil {
				return nil, err
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		began := time.Now()
		if err := f.ProbeNow(t.Context(), "pool-a", "static"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("want the end of its time, got %v", err)
		}
		if got := time.Since(began); got != 4*time.Second {
			t.Errorf("want it to end after 4s, got %s", got)
		}
		if diff := cmp.Diff(map[string]any{"provider_name": "pool-a", "driver_timeout_ms": 3000.0}, asked); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}
