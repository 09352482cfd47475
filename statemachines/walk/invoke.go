package walk

import (
	"context"
	"encoding/json"
	"time"
)

// Invoker calls functions by name, JSON in, JSON out. An error that is
// [Named] is seen under its name, any other as [LambdaUnknown]. Invoke may be
// called from several goroutines at once, and its context ends at the task's
// time-out; one that goes on regardless is left behind.
type Invoker interface {
	Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error)
}

// InvokerFunc is a function as an [Invoker].
type InvokerFunc func(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error)

// Invoke calls f.
func (f InvokerFunc) Invoke(ctx context.Context, function string, payload json.RawMessage) (json.RawMessage, error) {
	return f(ctx, function, payload)
}

// Clock is the time that an execution lives in.
type Clock interface {
	Now() time.Time
	// WithTimeout is [context.WithTimeout] on this clock. To wait is to wait
	// for such a context to end.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// call is one call of a function.
type call struct {
	function string
	payload  json.RawMessage
	timeout  time.Duration
}

type reply struct {
	output json.RawMessage
	err    error
}

// invoke calls a function and returns its decoded answer, a *TaskError, or
// the error of ctx when the execution is over.
func (w *walker) invoke(ctx context.Context, c call) (any, error) {
	limited, cancel := w.env.Clock.WithTimeout(ctx, c.timeout)
	defer cancel()
	replies := make(chan reply, 1) // a late reply finds room and no reader
	go func() {
		output, err := w.env.Invoker.Invoke(limited, c.function, c.payload)
		replies <- reply{output, err}
	}()
	var r reply
	select {
	case r = <-replies:
	case <-limited.Done():
		r.err = limited.Err()
	}
	if r.err == nil {
		return answer(r.output)
	}
	return nil, ended(ctx, limited, r.err)
}

// ended says why a call failed. A function that gives up because its time is
// over has timed out, whatever it calls that.
func ended(execution, limited context.Context, err error) error {
	switch {
	case execution.Err() != nil:
		return execution.Err()
	case limited.Err() != nil:
		return &TaskError{Name: StatesTimeout, Cause: "the task took longer than its time-out"}
	}
	return classify(err)
}

func answer(output json.RawMessage) (any, error) {
	switch {
	case len(output) == 0:
		return nil, nil // a function that answers nothing answers null
	case len(output) > dataLimit:
		return nil, &TaskError{Name: StatesDataLimit, Cause: "the answer is longer than 256 KiB"}
	}
	v, err := decode(output)
	if err != nil {
		return nil, &TaskError{Name: LambdaUnknown, Cause: "the answer is not JSON: " + err.Error()}
	}
	return v, nil
}
