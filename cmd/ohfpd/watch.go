package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ears are how this broker learns what providers do with machines by
// themselves: it reads queues where there are some, else it looks.
func ears(ctx context.Context, cfg Config, w dispatch.Watch, endpoints []op.Endpoint, log *slog.Logger) ([]func(context.Context), error) {
	if len(cfg.EventQueues) == 0 {
		return []func(context.Context){watching(w)}, nil
	}
	var all []func(context.Context)
	for _, q := range cfg.EventQueues {
		r, err := q.reader(context.WithoutCancel(ctx), named(endpoints, command.RecordMachineEvent.Describe().Name), log)
		if err != nil {
			return nil, err
		}
		all = append(all, r.Run)
	}
	return all, nil
}

func named(endpoints []op.Endpoint, name string) op.Endpoint {
	for _, e := range endpoints {
		if e.Spec.Name == name {
			return e
		}
	}
	return op.Endpoint{}
}

// watching looks at machines again and again. It begins at a time of its own, so
// that brokers which were started together do not look together.
func watching(w dispatch.Watch) func(context.Context) {
	return func(ctx context.Context) {
		pause(ctx, time.Duration(w.Jitter()*float64(w.Every)))
		local.Every(ctx, w.Every, local.SystemClock{}, w.Round)
	}
}

// beside runs others while the first one runs, and returns when all have ended.
func beside(first func(context.Context) error, others []func(context.Context)) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		var running sync.WaitGroup
		for _, f := range others {
			running.Go(func() { f(ctx) })
		}
		err := first(ctx)
		cancel()
		running.Wait()
		return err
	}
}
