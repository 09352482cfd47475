package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// workflows starts operations in this process.
type workflows struct {
	runner    *local.Runner
	functions local.Functions
	names     command.Functions
}

var (
	_ command.Flows  = workflows{}
	_ command.Prober = workflows{}
)

// StartOperation starts a run in this process.
func (w workflows) StartOperation(ctx context.Context, e broker.Execution) error {
	left := max(0, time.Until(e.Deadline))
	err := w.runner.Start(ctx, local.Execution{
		Name: e.Name, Machine: statemachines.ExecuteWithFailover, OperationID: e.OperationID,
		Input: e.Input, Timeout: left + broker.ExecutionGrace,
	})
	if errors.Is(err, local.ErrRunning) {
		return nil
	}
	return err //nolint:wrapcheck // the caller says what was started
}

// WaitOperation returns when the operation's workflow has ended.
func (w workflows) WaitOperation(ctx context.Context, id string) error {
	return w.runner.WaitOperation(ctx, id)
}

// Running reports whether a workflow of the operation runs.
func (w workflows) Running(id string) bool { return w.runner.RunningOperation(id) }

// probeWithin bounds the first look at a provider: it is part of a request.
const probeWithin = 4 * time.Second

// ProbeNow checks a provider's health.
func (w workflows) ProbeNow(ctx context.Context, provider, kind string) error {
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	in, err := json.Marshal(map[string]any{"provider_name": provider, "driver_timeout_ms": (probeWithin - time.Second).Milliseconds()})
	if err != nil {
		return fmt.Errorf("writing a probe: %w", err)
	}
	_, err = w.functions.Invoke(ctx, w.names.Probe[kind], in)
	return err
}

// steps adds an endpoint that workflows call to the functions: once, or once
// per provider kind.
func steps(functions local.Functions, e op.Endpoint, kinds []string, log *slog.Logger) {
	if !e.Spec.PerKind {
		functions[op.Kebab(e.Spec.Name)] = step(e, log)
		return
	}
	for _, kind := range kinds {
		functions[op.Kebab(e.Spec.Name)+"-"+kind] = step(e, log)
	}
}

// step makes a function of an endpoint. An error that is not one of the
// workflow's own words is ours, and is logged where it happened.
func step(e op.Endpoint, log *slog.Logger) local.Function {
	return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		a, err := e.Serve(ctx, workflowCall, payload)
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

// ticker starts the periodic workflows.
type ticker struct {
	runner    *local.Runner
	functions local.Functions
	interval  time.Duration
	alone     bool                                              // see openedStore
	prune     func(ctx context.Context, limit int) (int, error) // see openedStore
	log       *slog.Logger
}

// run resumes what a former process left open, then ticks until ctx ends and
// lets running workflows finish a step. A stop that comes while it resumes is
// a stop like any other: what was not resumed is so at the next start.
func (t ticker) run(ctx context.Context) error {
	if err := t.resumeAll(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	local.Every(ctx, t.interval, local.SystemClock{}, t.tick)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	if err := t.runner.Stop(stop); err != nil {
		t.log.Info("workflows were cut short; they are resumed at the next start", "reason", err)
	}
	return nil
}

// stopWithin is how long running workflows may finish: an attempt's task.
const stopWithin = 8 * time.Second

// resumeAll resumes every open operation at once where this process is alone
// on the store: whoever worked on them is gone. Where others may be at work on
// them, the tick resumes those that nobody has moved in time.
func (t ticker) resumeAll(ctx context.Context) error {
	if !t.alone {
		return nil
	}
	out, err := t.functions.Invoke(ctx, "reconcile", json.RawMessage(`{"abandoned": true}`))
	if err != nil {
		return fmt.Errorf("resuming open operations: %w", err)
	}
	t.log.Info("resumed open operations", "result", string(out))
	return nil
}

// prunedPerTick bounds what one tick deletes: three million rows a day where it
// comes each minute.
const prunedPerTick = 2000

// tidy deletes some of what has expired. What it leaves the next tick finds.
func (t ticker) tidy(ctx context.Context) {
	if t.prune == nil {
		return
	}
	n, err := t.prune(ctx, prunedPerTick)
	if err != nil && ctx.Err() == nil {
		t.log.Error("deleting what has expired failed", "error", err)
	}
	if n > 0 {
		t.log.Debug("deleted what had expired", "rows", n)
	}
}

// tick starts one round of health checks and reconciliation, and deletes what
// has expired.
func (t ticker) tick(ctx context.Context) {
	t.tidy(ctx)
	for machine, input := range map[string]string{
		statemachines.HealthCheck: `{"functions": {"due": "due"}, "due": {}}`,
		statemachines.Reconcile:   `{"functions": {"reconcile": "reconcile"}}`,
	} {
		err := t.runner.Start(ctx, local.Execution{Name: machine, Machine: machine, Input: json.RawMessage(input), Timeout: 5 * time.Minute})
		if err != nil && !errors.Is(err, local.ErrRunning) && ctx.Err() == nil {
			t.log.Error("starting a periodic workflow failed", "machine", machine, "error", err)
		}
	}
}
