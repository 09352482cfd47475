package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/openapi"
)

// wire makes the broker behind the server: store, drivers, workflows, and the
// operations of the catalogue over them; or the functions that are all that.
// Functions write their logs to out.
func wire(ctx context.Context, cfg Config, log *slog.Logger, out io.Writer) (*site, error) {
	if cfg.Lambdas != "" {
		return wireFleet(ctx, cfg, log, out)
	}
	store, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	s, err := assemble(ctx, cfg, store, log)
	if err != nil {
		return nil, errors.Join(err, store.close())
	}
	return s, nil
}

func assemble(ctx context.Context, cfg Config, store *openedStore, log *slog.Logger) (*site, error) {
	drivers, err := openers(cfg, store, log)
	if err != nil {
		return nil, err
	}
	exported, err := exporter(store)
	if err != nil {
		return nil, err
	}
	b, err := inprocess.New(inprocess.Options{
		Store: counted{store, exported}, Drivers: drivers, Kinds: drivers.Kinds(), Environment: environmentName(),
		Now: time.Now, NewID: newID, Jitter: rand.Float64, Log: log, Running: cfg.MaxExecutions,
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all
	}
	heard, err := ears(ctx, cfg, dispatch.Watch{Service: b.Rooms.Dispatch, Registry: store, Turns: store, Every: cfg.Watch}, b.Endpoints, log)
	if err != nil {
		return nil, err
	}
	t := ticker{runner: b.Runner, functions: b.Functions, interval: cfg.Tick, alone: store.alone, prune: store.prune, log: log}
	return served(&site{
		Endpoints: b.Endpoints, Metrics: exported.Write, Events: streams(store, log), Run: beside(t.run, heard), Ready: func() error { return ready(store) },
		Close: func(context.Context) error { return store.close() },
	})
}

// served adds to a site what every way of running has in common.
func served(s *site) (*site, error) {
	document, err := openapi.Document(catalog.All(), version)
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	s.OpenAPI = document
	return s, nil
}

// environmentName is the machine: what daemons on it have in common, names that do
// not resolve and a network that is down, is one observation.
func environmentName() string {
	name, err := os.Hostname()
	if err != nil {
		return newID()
	}
	return name
}

// newID makes ids that sort by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// readyWithin bounds the question whether the store answers.
const readyWithin = 2 * time.Second

func ready(store broker.MetaReader) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	_, err := store.Meta(ctx)
	return err
}
