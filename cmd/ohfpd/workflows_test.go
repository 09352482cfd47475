package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/flow/local"
)

func TestTicker(t *testing.T) {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	broken := errors.New("the store is gone")
	run := func(t *testing.T, ctx context.Context, alone bool, reconcile local.Function) error {
		t.Helper()
		functions := local.Functions{"reconcile": reconcile}
		runner, err := local.New(local.Options{Invoker: functions, Clock: local.SystemClock{}, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		return ticker{runner: runner, functions: functions, interval: time.Minute, alone: alone, log: log}.run(ctx)
	}

	t.Run("a stop while it resumes is a quiet end", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		err := run(t, ctx, true, func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			stop()
			return nil, ctx.Err()
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a failure to resume is an error", func(t *testing.T) {
		err := run(t, t.Context(), true, func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, broken })
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("on a store that others share nothing counts as abandoned", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		asked := make(chan string, 1)
		err := run(t, ctx, false, func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) {
			asked <- string(payload)
			stop()
			return json.RawMessage(`{"resumed": 0, "more": false}`), nil
		})
		if got := <-asked; err != nil || got != `{}` {
			t.Errorf("reconcile was asked %s, want the tick's {}; ended as %v", got, err)
		}
	})
}
