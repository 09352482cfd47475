package statesapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
	"github.com/openhostfactory/ohfp/statemachines"
)

const (
	standard = "arn:aws:states:us-east-1:000000000000:stateMachine:execute"
	express  = "arn:aws:states:us-east-1:000000000000:stateMachine:execute-express"
	checks   = "arn:aws:states:us-east-1:000000000000:stateMachine:health-check"
)

func machines() map[string]statesapi.Machine {
	return map[string]statesapi.Machine{
		"execute":         {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Standard, Timeout: time.Hour},
		"execute-express": {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Express, Timeout: 27 * time.Second},
		"health-check":    {Definition: statemachines.HealthCheck, Type: statesapi.Express, Timeout: 27 * time.Second},
	}
}

// api is a server whose functions are simulated: "a" takes a second, "slow"
// ten minutes, "fails" fails, and settle stops.
type api struct {
	http.Handler

	t      testing.TB
	runner *local.Runner
	calls  atomic.Int64 // of functions
}

func serve(t testing.TB, o statesapi.Options, r local.Options) *api {
	t.Helper()
	a := &api{t: t}
	r.Clock, r.Log = local.SystemClock{}, slog.New(slog.DiscardHandler)
	r.Invoker = local.Functions{
		"a": a.takes(time.Second), "slow": a.takes(10 * time.Minute),
		"fails":  func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, errors.New("empty") },
		"settle": settle,
	}
	runner, err := local.New(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what runs is of no interest
		if err := runner.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	o.Runner = runner
	if o.Machines == nil {
		o.Machines = machines()
	}
	s, err := statesapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.Handler, a.runner = s, runner
	return a
}

func (a *api) takes(d time.Duration) local.Function {
	return func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		a.calls.Add(1)
		select {
		case <-time.After(d):
			return json.RawMessage(`{}`), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func settle(context.Context, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(`{"operation_id": "op-1", "decision": "STOP", "function": "", "attempt": 0, "run": 0,
		"action": "", "driver_timeout_ms": 0, "timeout_seconds": 0, "wait_seconds": 0}`), nil
}

// input is of an execution whose attempt is made by the function given.
func input(function string) string {
	return `{"operation_id": "op-1", "functions": {"settle": "settle"},
		"current": {"operation_id": "op-1", "decision": "NEXT", "function": "` + function + `", "attempt": 1, "run": 1,
			"action": "create", "driver_timeout_ms": 5000, "timeout_seconds": 3600, "wait_seconds": 0}}`
}

// start is the body of a call that starts an execution.
func start(machine, name, input string) string {
	return fmt.Sprintf(`{"stateMachineArn": %s, "name": %s, "input": %s}`, quoted(machine), quoted(name), quoted(input))
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(text)
}

// reply is an answer, as it is on the wire.
type reply struct {
	Status int
	Body   map[string]any
}

func (a *api) call(action, body string) reply {
	a.t.Helper()
	return a.callWith(a.t.Context(), action, body)
}

func (a *api) callWith(ctx context.Context, action, body string) reply {
	a.t.Helper()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
	return a.send(r)
}

func (a *api) send(r *http.Request) reply {
	a.t.Helper()
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	out := reply{Status: w.Code}
	if err := json.Unmarshal(w.Body.Bytes(), &out.Body); err != nil {
		a.t.Fatalf("%s: %v", w.Body, err)
	}
	if got := w.Header().Get("Content-Type"); got != "application/x-amz-json-1.0" || w.Header().Get("X-Amzn-Requestid") == "" {
		a.t.Errorf("headers %v", w.Header())
	}
	return out
}

// started returns the ARN of an execution that a call has started.
func (a *api) started(action, body string) string {
	a.t.Helper()
	r := a.call(action, body)
	arn, ok := r.Body["executionArn"].(string)
	if r.Status != http.StatusOK || !ok {
		a.t.Fatalf("%s: %+v", action, r)
	}
	return arn
}

func (a *api) describe(arn string) reply {
	a.t.Helper()
	return a.call("DescribeExecution", fmt.Sprintf(`{"executionArn": %q}`, arn))
}
