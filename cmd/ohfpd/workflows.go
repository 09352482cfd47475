package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines"
)

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
