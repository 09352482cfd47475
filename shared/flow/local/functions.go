package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// Function is one step function, as a state machine calls it. A [fault.Task], a
// [fault.ProviderError] and a [walk.Named] error are seen by the state machine
// under their names; any other as Lambda.Unknown.
type Function func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error)

// Functions are the functions that state machines may call, by name.
type Functions map[string]Function

var _ walk.Invoker = Functions(nil)

// Invoke calls a function.
func (f Functions) Invoke(ctx context.Context, name string, payload json.RawMessage) (json.RawMessage, error) {
	fn, ok := f[name]
	if !ok {
		return nil, &walk.TaskError{Name: walk.LambdaNotFound, Cause: fmt.Sprintf("there is no function %q", name)}
	}
	out, err := fn(ctx, payload)
	if err == nil {
		return out, nil
	}
	if e, ok := errors.AsType[*fault.Task](err); ok {
		return nil, &walk.TaskError{Name: e.Name, Cause: e.Cause}
	}
	if e, ok := errors.AsType[*fault.ProviderError](err); ok {
		return nil, &walk.TaskError{Name: e.Class.Rule().ASL, Cause: e.Error()}
	}
	return nil, err
}

// guarded is an invoker that survives the panics of another: on AWS a function
// that panics takes only itself down.
type guarded struct {
	next walk.Invoker
	log  *slog.Logger
}

func (g guarded) Invoke(ctx context.Context, name string, payload json.RawMessage) (out json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			g.log.LogAttrs(ctx, slog.LevelError, "function panicked",
				slog.String("function", name), slog.String("panic", describe(p)), slog.String("stack", string(debug.Stack())))
			out, err = nil, &walk.TaskError{Name: walk.LambdaUnknown, Cause: "the function panicked"}
		}
	}()
	return g.next.Invoke(ctx, name, payload)
}

// describe says what was thrown without printing what a request may have
// held: the runtime's own words, else the type.
func describe(p any) string {
	if e, ok := p.(runtime.Error); ok {
		return e.Error()
	}
	return fmt.Sprintf("%T", p)
}
