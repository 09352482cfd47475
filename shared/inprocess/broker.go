package inprocess

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
)

// Store is what the rooms need of a store.
type Store interface {
	query.Store
	command.Store
	dispatch.Store
}

// Flows are what starts workflows, and what checks a provider.
type Flows interface {
	command.Flows
	command.Prober
}

var _ Flows = local.Flows{}

// Options are what differs between brokers. All are needed but Running.
type Options struct {
	Store       Store
	Drivers     dispatch.Drivers
	Kinds       []string // of provider that Drivers has
	Environment string   // see [dispatch.Service]
	Now         func() time.Time
	NewID       func() string  // unique, and ordered by time
	Jitter      func() float64 // in [0, 1)
	Log         *slog.Logger
	Running     int // executions at a time; see [local.Options]
}

// Broker is a broker but for its door.
type Broker struct {
	Rooms     catalog.Services
	Endpoints []op.Endpoint   // every operation
	Functions local.Functions // those that workflows call
	Runner    *local.Runner
	Flows     local.Flows // on Runner
}

// New makes a broker. An error says that a workflow could not be loaded.
func New(o Options) (*Broker, error) {
	b := &Broker{Functions: local.Functions{}}
	var err error
	b.Runner, err = local.New(local.Options{Invoker: b.Functions, Clock: local.SystemClock{}, Log: o.Log, Running: o.Running})
	if err != nil {
		return nil, fmt.Errorf("loading the workflows: %w", err)
	}
	b.Flows = local.Flows{Runner: b.Runner, Functions: b.Functions, Probe: catalog.Functions(o.Kinds).Probe, Now: o.Now}
	b.Rooms = Rooms(o, b.Flows)
	b.Endpoints = catalog.Bind(b.Rooms)
	for _, e := range b.Endpoints {
		if len(op.Routes(e.Spec)) > 0 {
			continue
		}
		for _, name := range catalog.FunctionsOf(e.Spec, o.Kinds) {
			b.Functions[name] = local.Step(e, o.Log)
		}
	}
	return b, nil
}

// Rooms puts the rooms over the store. Flows are their workflows.
func Rooms(o Options, flows Flows) catalog.Services {
	names := catalog.Functions(o.Kinds)
	return catalog.Services{
		Query: query.Over(o.Store, query.Service{HasDriver: names.HasDriver, Now: o.Now}),
		Command: command.Over(o.Store, command.Service{
			Flows: flows, Prober: flows, Functions: names, Lag: o.lag, Now: o.Now, NewID: o.NewID, Log: o.Log,
		}),
		Dispatch: dispatch.Over(o.Store, dispatch.Service{
			Drivers: o.Drivers, Flights: new(dispatch.Flights), Environment: o.Environment, Now: o.Now, Jitter: o.Jitter, Log: o.Log,
		}),
	}
}

// lag is what the drivers say, as the steps have it. A driver's word is that of
// its kind's schema, which is where functions without drivers read it.
func (o Options) lag(kind string) time.Duration { return o.Drivers.Traits(kind).ConsistencyLag }
