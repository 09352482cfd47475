package walk_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// bubbleClock is the clock of the process, which stands still inside a
// synctest bubble until everybody waits for it.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// taskText is a definition of one task; the arguments are members of it.
func taskText(members string) string {
	return `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
		"Parameters": {"FunctionName.$": "$.f", "Payload.$": "$"}, "TimeoutSeconds": 50, "ResultSelector": {"got.$": "$.Payload"}, ` + members + `}}}`
}

func load(t testing.TB, text string) *walk.Machine {
	t.Helper()
	m, err := walk.Load("test.asl.json", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run walks text with a time-out of a minute.
func run(t *testing.T, text, input string, f walk.InvokerFunc) (string, error) {
	t.Helper()
	out, err := load(t, text).Run(t.Context(), walk.Execution{Name: "test", Input: json.RawMessage(input), Timeout: time.Minute},
		walk.Env{Invoker: f, Clock: bubbleClock{}})
	return string(out), err
}

// wantFailure insists on how an execution ended, and returns the cause.
func wantFailure(t *testing.T, err error, status walk.Status, name string) string {
	t.Helper()
	f, ok := errors.AsType[*walk.Failure](err)
	if !ok || f.Status != status || f.Name != name {
		t.Fatalf("got %v, want %s %s", err, status, name)
	}
	return f.Cause
}

func replies(text string) walk.InvokerFunc {
	return func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(text), nil
	}
}

func fails(err error) walk.InvokerFunc {
	return func(context.Context, string, json.RawMessage) (json.RawMessage, error) { return nil, err }
}
