package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/openapi"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// wire makes the broker behind the server: store, drivers, workflows, and the
// operations of the catalogue over them.
func wire(ctx context.Context, cfg Config, log *slog.Logger) (*site, error) {
	store, seen, err := openStore(ctx, cfg.DataDir)
	if err != nil {
		return nil, err
	}
	s, err := assemble(cfg, store, seen, log)
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return s, nil
}

// ledgerStore is the store as the handlers see it. It is the store itself, but
// for builds that test crashes.
type ledgerStore interface {
	command.Registry
	command.Ledger
	command.Templates
	broker.TicketTaker
	broker.Keys
	broker.MetaReader
	broker.HealthHistory
	broker.LeaseBook
}

func assemble(cfg Config, store *sqlite.Store, l ledgerStore, log *slog.Logger) (*site, error) {
	drivers, err := openers(cfg, l)
	if err != nil {
		return nil, err
	}
	functions := local.Functions{}
	runner, err := local.New(local.Options{Invoker: functions, Clock: local.SystemClock{}, Log: log, Running: cfg.MaxExecutions})
	if err != nil {
		return nil, fmt.Errorf("loading the workflows: %w", err)
	}
	names := drivers.functions()
	endpoints := catalog.Bind(services(l, drivers, workflows{runner: runner, functions: functions, names: names}, names, log))
	var routed []op.Endpoint
	for _, e := range endpoints {
		if len(op.Routes(e.Spec)) > 0 {
			routed = append(routed, e)
			continue
		}
		steps(functions, e, drivers.kinds(), log)
	}
	document, err := openapi.Document(catalog.All(), version)
	if err != nil {
		return nil, fmt.Errorf("writing the OpenAPI document: %w", err)
	}
	t := ticker{runner: runner, functions: functions, interval: cfg.Tick, log: log}
	return &site{
		Endpoints: routed, Planned: catalog.Planned(), OpenAPI: document, Run: t.run,
		Ready: func() error { return ready(store) },
		Close: func(context.Context) error { return store.Close() },
	}, nil
}

// services ties the rooms to the store. Every clock and every generator of the
// broker enters here.
func services(l ledgerStore, d *drivers, w workflows, names command.Functions, log *slog.Logger) catalog.Services {
	config := func(context.Context) (broker.StrategyConfig, error) { return broker.DefaultConfig(), nil }
	return catalog.Services{
		Query: query.Service{Registry: l, History: l, Operations: l, Templates: l, HasDriver: names.HasDriver, Now: time.Now},
		Command: command.Service{
			Registry: l, Ledger: l, Templates: l, Tickets: l, Keys: l, Meta: l, Flows: w, Prober: w, Functions: names,
			Lag: func(kind string) time.Duration { return d.Traits(kind).ConsistencyLag },
			Now: time.Now, NewID: newID, Log: log,
		},
		Dispatch: dispatch.Service{
			Ledger: l, Registrations: l, Machines: l, Live: l, Health: l, Config: config, Drivers: d,
			Now: time.Now, Jitter: rand.Float64, Log: log,
		},
	}
}

// newID makes ids that sort by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// readyWithin bounds the question whether the store answers.
const readyWithin = 2 * time.Second

func ready(store *sqlite.Store) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	_, err := store.Meta(ctx)
	return err
}

// workflowCall is who calls a step.
var workflowCall = op.Call{Principal: "workflow", Role: op.Admin}
