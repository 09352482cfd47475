package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines"
)

// input of an execution whose first attempt is made by the function given.
func input(function string) json.RawMessage {
	return json.RawMessage(`{"operation_id": "op-1", "functions": {"settle": "settle"},
		"current": {"operation_id": "op-1", "decision": "NEXT", "function": "` + function + `", "attempt": 1, "run": 1,
			"action": "create", "driver_timeout_ms": 5000, "timeout_seconds": 7, "wait_seconds": 0}}`)
}

func execute(name, function string) local.Execution {
	return local.Execution{
		Name: name, OperationID: "op-1", Machine: statemachines.ExecuteWithFailover, Input: input(function), Timeout: 27 * time.Second,
	}
}

// answers returns a function that answers after d, or when its context ends.
func answers(d time.Duration) local.Function {
	return func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		select {
		case <-time.After(d):
			return json.RawMessage(`{}`), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// fails ends in an error after d, so that whoever began it can see it run.
func fails(d time.Duration) local.Function {
	return func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
		if _, err := answers(d)(ctx, in); err != nil {
			return nil, err
		}
		return nil, errors.New("empty")
	}
}

func stops(context.Context, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(`{"operation_id": "op-1", "decision": "STOP", "function": "", "attempt": 0, "run": 0,
		"action": "", "driver_timeout_ms": 0, "timeout_seconds": 0, "wait_seconds": 0}`), nil
}

// open returns a runner that is stopped with the test, with its log.
func open(t *testing.T, o local.Options) (*local.Runner, *log) {
	t.Helper()
	l := &log{}
	o.Clock, o.Log = local.SystemClock{}, slog.New(slog.NewJSONHandler(l, nil))
	r, err := local.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return r, l
}

func start(t *testing.T, r *local.Runner, e local.Execution) {
	t.Helper()
	if err := r.Start(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, r *local.Runner, name string) {
	t.Helper()
	if err := r.Wait(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// log gathers lines for the test to read.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// ended returns the lines about ended executions, less the times.
func (l *log) ended(t *testing.T) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines []map[string]any
	for d := json.NewDecoder(bytes.NewReader(l.text.Bytes())); ; {
		var line map[string]any
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		if line["msg"] == "execution ended" {
			delete(line, "time")
			delete(line, "msg")
			lines = append(lines, line)
		}
	}
}

func (l *log) contains(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.text.String(), s)
}

func TestAnExecutionRunsToItsEndAndIsLoggedByIDsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"attempt-static": answers(1200 * time.Millisecond)}})
		start(t, r, execute("op-1", "attempt-static"))
		if !r.Running("op-1") || !r.RunningOperation("op-1") {
			t.Error("it is not running")
		}
		wait(t, r, "op-1")
		if r.Running("op-1") || r.RunningOperation("op-1") {
			t.Error("it is still running")
		}
		want := []map[string]any{{
			"level": "INFO", "execution": "op-1", "machine": "execute_with_failover", "operation_id": "op-1",
			"status": "SUCCEEDED", "error": "", "states": 1.0, "duration_ms": 1200.0,
		}}
		if diff := cmp.Diff(want, log.ended(t)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestANameThatIsRunningIsNotStartedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"a": answers(time.Second)}})
		start(t, r, execute("op-1", "a"))
		if err := r.Start(t.Context(), execute("op-1", "a")); !errors.Is(err, local.ErrRunning) {
			t.Errorf("got %v, want ErrRunning", err)
		}
		wait(t, r, "op-1")
		start(t, r, execute("op-1", "a")) // it has ended: the name is free
		wait(t, r, "op-1")
		if got := len(log.ended(t)); got != 2 {
			t.Errorf("%d executions ended, want 2", got)
		}
	})
}

func TestAnOperationIsWaitedForUnderAllItsNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, local.Options{Invoker: local.Functions{"slow": answers(3 * time.Second), "fast": answers(time.Second)}})
		began := time.Now()
		start(t, r, execute("op-1", "fast"))
		start(t, r, execute("op-1-r1", "slow"))
		if err := r.WaitOperation(t.Context(), "op-1"); err != nil {
			t.Fatal(err)
		}
		if got := time.Since(began); got != 3*time.Second {
			t.Errorf("waited %v, want 3s", got)
		}
	})
}

func TestAWaitEndsWithItsContextAndTheExecutionGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"a": answers(5 * time.Second)}})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Start(ctx, execute("op-1", "a")); err != nil {
			t.Fatal(err)
		}
		if err := r.Wait(ctx, "op-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		if err := r.WaitOperation(ctx, "op-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		wait(t, r, "op-1")
		if got := log.ended(t)[0]["status"]; got != "SUCCEEDED" {
			t.Errorf("status %v", got)
		}
	})
}

func TestAStepSeesNothingOfTheRequestThatStartedIt(t *testing.T) {
	type key struct{}
	synctest.Test(t, func(t *testing.T) {
		seen := any("never called")
		r, _ := open(t, local.Options{Invoker: local.Functions{"a": func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			seen = ctx.Value(key{})
			return json.RawMessage(`{}`), nil
		}}})
		if err := r.Start(context.WithValue(t.Context(), key{}, "secret"), execute("op-1", "a")); err != nil {
			t.Fatal(err)
		}
		wait(t, r, "op-1")
		if seen != nil {
			t.Errorf("it saw %v", seen)
		}
	})
}

func TestExecutionsBeyondTheBoundWaitForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"a": answers(time.Second)}, Running: 2, Queued: 3})
		began := time.Now()
		for i := range 5 {
			start(t, r, execute(fmt.Sprint("op-", i), "a"))
		}
		if err := r.Start(t.Context(), execute("op-5", "a")); !errors.Is(err, local.ErrFull) {
			t.Errorf("got %v, want ErrFull", err)
		}
		for i := range 5 {
			wait(t, r, fmt.Sprint("op-", i))
		}
		if got := time.Since(began); got != 3*time.Second {
			t.Errorf("five of 1s, two at a time, took %v, want 3s", got)
		}
		if got := len(log.ended(t)); got != 5 {
			t.Errorf("%d ended, want 5", got)
		}
	})
}

func TestTheTimeOutCountsFromTheStartAndNotFromThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		r, log := open(t, local.Options{Running: 1, Invoker: local.Functions{
			"slow": answers(5 * time.Second),
			"late": func(context.Context, json.RawMessage) (json.RawMessage, error) { calls++; return nil, nil },
		}})
		start(t, r, execute("op-1", "slow"))
		synctest.Wait()
		e := execute("op-2", "late")
		e.Timeout = 4 * time.Second
		start(t, r, e)
		wait(t, r, "op-1") // whose line may come after the other's: its place is free before
		wait(t, r, "op-2")
		line := log.ended(t)[slices.IndexFunc(log.ended(t), func(l map[string]any) bool { return l["execution"] == "op-2" })]
		if calls != 0 || line["status"] != "TIMED_OUT" || line["duration_ms"] != 5000.0 {
			t.Errorf("%d calls, %v", calls, line)
		}
	})
}

func TestStopLetsRunningExecutionsEndAndDropsTheQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"a": answers(2 * time.Second)}, Running: 1})
		start(t, r, execute("op-1", "a"))
		synctest.Wait()
		start(t, r, execute("op-2", "a"))
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(t.Context(), execute("op-3", "a")); !errors.Is(err, local.ErrStopped) {
			t.Errorf("got %v, want ErrStopped", err)
		}
		got := map[any]any{}
		for _, line := range log.ended(t) {
			got[line["execution"]] = line["status"]
		}
		if diff := cmp.Diff(map[any]any{"op-1": "SUCCEEDED", "op-2": "ABORTED"}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestStopCutsShortWhatDoesNotEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		deaf := func(context.Context, json.RawMessage) (json.RawMessage, error) {
			<-release
			return nil, errors.New("too late")
		}
		r, log := open(t, local.Options{Invoker: local.Functions{"deaf": deaf, "long": answers(6 * time.Second)}})
		start(t, r, execute("op-1", "deaf"))
		start(t, r, execute("op-2", "long"))
		synctest.Wait() // both have their place
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := r.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "2 executions") {
			t.Errorf("got %v, want that 2 executions were cut short", err)
		}
		if got := time.Since(began); got != time.Second {
			t.Errorf("it took %v, want 1s", got)
		}
		for _, line := range log.ended(t) {
			if line["status"] != "ABORTED" {
				t.Errorf("status %v, want ABORTED", line["status"])
			}
		}
	})
}

func TestExecutionsThatAreNotWellFormedAreRefused(t *testing.T) {
	r, _ := open(t, local.Options{Invoker: local.Functions{}})
	for name, change := range map[string]func(*local.Execution){
		"no name":          func(e *local.Execution) { e.Name = "" },
		"unknown machine":  func(e *local.Execution) { e.Machine = "lost" },
		"no time-out":      func(e *local.Execution) { e.Timeout = 0 },
		"input not JSON":   func(e *local.Execution) { e.Input = json.RawMessage(`{`) },
		"without an input": func(e *local.Execution) { e.Input = nil },
	} {
		t.Run(name, func(t *testing.T) {
			e := execute("op-1", "a")
			change(&e)
			if err := r.Start(t.Context(), e); err == nil || r.Running(e.Name) {
				t.Errorf("it was started: %v", err)
			}
		})
	}
}

func TestNothingIsStartedForACallerWhoHasGone(t *testing.T) {
	r, _ := open(t, local.Options{Invoker: local.Functions{}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Start(ctx, execute("op-1", "a")); !errors.Is(err, context.Canceled) || r.Running("op-1") {
		t.Errorf("got %v", err)
	}
}

// Sixteen goroutines start the same hundred names; each runs once.
func TestManyStartersOfOneNameHaveOneWinner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, log := open(t, local.Options{Invoker: local.Functions{"a": answers(time.Second)}})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for i := range 100 {
					if err := r.Start(t.Context(), execute(fmt.Sprint("op-", i), "a")); err != nil && !errors.Is(err, local.ErrRunning) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		for i := range 100 {
			wait(t, r, fmt.Sprint("op-", i))
		}
		if got := len(log.ended(t)); got != 100 {
			t.Errorf("%d executions ended, want 100", got)
		}
	})
}
