package local

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// workflow is who calls a step.
var workflow = op.Call{Principal: "workflow", Role: op.Admin}

// Step makes a function of an operation. An error that is not one of the
// workflow's own words is ours: the state machine sees Ohfp.Internal, and it is
// logged where it happened.
func Step(e op.Endpoint, log *slog.Logger) Function {
	return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		a, err := e.Serve(ctx, workflow, payload)
		if err == nil {
			return a.Body, nil
		}
		if _, named := errors.AsType[walk.Named](err); !named {
			log.Log(ctx, severity(ctx), "a step failed", "function", e.Spec.Name, "error", err)
			err = &fault.Task{Name: fault.ASLInternal, Cause: fault.As(err).Code.Title()}
		}
		return nil, err
	}
}

// severity of a step's failure: one that was cut off by a stop is no error.
func severity(ctx context.Context) slog.Level {
	if errors.Is(ctx.Err(), context.Canceled) {
		return slog.LevelInfo
	}
	return slog.LevelError
}
