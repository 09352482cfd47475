package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// Flows starts the workflows of operations on a Runner, and checks providers by
// the functions that its workflows call.
type Flows struct {
	Runner    *Runner
	Functions walk.Invoker
	Probe     map[string]string // the function that checks a provider, by kind
	Now       func() time.Time  // the clock by which operations have their deadlines
}

// StartOperation starts a run. One of that name that runs is left alone.
func (f Flows) StartOperation(ctx context.Context, e broker.Execution) error {
	left := max(0, e.Deadline.Sub(f.Now()))
	err := f.Runner.Start(ctx, Execution{
		Name: e.Name, Machine: statemachines.ExecuteWithFailover, OperationID: e.OperationID,
		Input: e.Input, Timeout: left + broker.ExecutionGrace,
	})
	if errors.Is(err, ErrRunning) {
		return nil
	}
	return err
}

// WaitOperation returns when the operation's workflow has ended, or with ctx's
// error.
func (f Flows) WaitOperation(ctx context.Context, id string) error {
	return f.Runner.WaitOperation(ctx, id)
}

// Running reports whether a workflow of the operation runs.
func (f Flows) Running(id string) bool { return f.Runner.RunningOperation(id) }

// probeWithin bounds the first look at a provider: it is part of a request.
const probeWithin = 4 * time.Second

// ProbeNow checks a provider's health, and returns when it is recorded.
func (f Flows) ProbeNow(ctx context.Context, provider, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	in, err := json.Marshal(map[string]any{"provider_name": provider, "driver_timeout_ms": (probeWithin - time.Second).Milliseconds()})
	if err != nil {
		return fmt.Errorf("writing a probe: %w", err)
	}
	_, err = f.Functions.Invoke(ctx, f.Probe[kind], in)
	return err //nolint:wrapcheck // the caller says what was checked
}
