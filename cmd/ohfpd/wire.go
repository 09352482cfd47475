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
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/openapi"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/quota"
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
	functions := local.Functions{}
	runner, err := local.New(local.Options{Invoker: functions, Clock: local.SystemClock{}, Log: log, Running: cfg.MaxExecutions})
	if err != nil {
		return nil, fmt.Errorf("loading the workflows: %w", err)
	}
	exported, err := exporter(store)
	if err != nil {
		return nil, err
	}
	names := stepNames(drivers.Kinds())
	rooms := services(store, drivers, workflows{runner: runner, functions: functions, names: names}, names, log)
	rooms.Dispatch.Metrics = exported.Counting(store)
	rooms.Command.Counters = rooms.Dispatch.Metrics
	rooms.Command.Ledger = counted{store, exported}
	endpoints := catalog.Bind(rooms)
	var routed []op.Endpoint
	for _, e := range endpoints {
		if len(op.Routes(e.Spec)) > 0 {
			routed = append(routed, e)
			continue
		}
		steps(functions, e, drivers.Kinds(), log)
	}
	heard, err := ears(ctx, cfg, dispatch.Watch{Service: rooms.Dispatch, Registry: store, Turns: store, Every: cfg.Watch}, endpoints, log)
	if err != nil {
		return nil, err
	}
	t := ticker{runner: runner, functions: functions, interval: cfg.Tick, alone: store.alone, prune: store.prune, log: log}
	return served(&site{
		Endpoints: routed, Metrics: exported.Write, Events: streams(store, log), Run: beside(t.run, heard), Ready: func() error { return ready(store) },
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

// services ties the rooms to the store. Every clock and every generator of the
// broker enters here.
func services(l ledgerStore, d providers.Set, w workflows, names command.Functions, log *slog.Logger) catalog.Services {
	limits := quota.Book{Uses: l, Owned: l, Ledger: l, Now: time.Now}
	return catalog.Services{
		Query: query.Service{
			Registry: l, History: l, Capabilities: l, Sweeps: l, Operations: l, Machines: l, Templates: l, Requests: l, Answers: l, Metrics: l, Audit: l,
			Quota: limits, HasDriver: names.HasDriver, Now: time.Now,
		},
		Command: command.Service{
			Registry: l, Ledger: l, Templates: l, Requests: l, Metrics: l, Counters: l, Tickets: l, Keys: l, Meta: l, Flows: w, Prober: w, Functions: names,
			Quota: limits, Lag: config.Lag, Now: time.Now, NewID: newID, Log: log,
		},
		Dispatch: dispatch.Service{
			Ledger: l, Registrations: l, Machines: l, Templates: l, Live: l, Blocks: l, Health: l, Capabilities: l, Metrics: l, Config: l,
			Open: l, Sweeps: l, Meta: l, Drivers: d,
			Quota: limits, Environment: environmentName(), Flights: new(dispatch.Flights), Now: time.Now, Jitter: rand.Float64, Log: log,
		},
	}
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

// workflowCall is who calls a step.
var workflowCall = op.Call{Principal: "workflow", Role: op.Admin}
