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
	run := func(t *testing.T, ctx context.Context, reconcile local.Function) error {
		t.Helper()
		functions := local.Functions{"reconcile": reconcile}
		runner, err := local.New(local.Options{Invoker: functions, Clock: local.SystemClock{}, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		return ticker{runner: runner, functions: functions, interval: time.Minute, log: log}.run(ctx)
	}

	t.Run("a stop while it resumes is a quiet end", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		err := run(t, ctx, func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			stop()
			return nil, ctx.Err()
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a failure to resume is an error", func(t *testing.T) {
		err := run(t, t.Context(), func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, broken })
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	})
}
