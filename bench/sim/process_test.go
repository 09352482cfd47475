package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/quota"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

var errDead = errors.New("the process is dead")

// process is one broker of the site: all of it but its door.
type process struct {
	site   *site
	name   string
	foggy  bool // it has no way to the first provider
	dead   atomic.Bool
	runner *local.Runner
	steps  local.Functions
	serve  map[string]op.Endpoint
}

// start starts a process.
func (s *site) start() *process {
	p := &process{site: s, name: fmt.Sprintf("process-%d", s.ids.Add(1)), steps: local.Functions{}, serve: map[string]op.Endpoint{}}
	runner, err := local.New(local.Options{Invoker: p.steps, Clock: local.SystemClock{}, Log: quiet()})
	if err != nil {
		s.Fatal(err)
	}
	p.runner, p.foggy = runner, int(s.started.Add(1)) <= s.plan.foggy
	var db storetest.Store = &gate{Store: s.store, process: p}
	if s.plan.peer != nil {
		db = s.plan.peer(db)
	}
	for _, e := range catalog.Bind(p.services(db)) {
		p.serve[e.Spec.Name] = e
		name := op.Kebab(e.Spec.Name)
		if e.Spec.PerKind {
			name += "-" + kind
		}
		p.steps[name] = p.step(e)
	}
	return p
}

func (p *process) services(db storetest.Store) catalog.Services {
	names := command.Functions{
		Attempt: map[string]string{kind: "attempt-static"}, Probe: map[string]string{kind: "probe-static"},
		Sweep: map[string]string{kind: "sweep-static"}, Settle: "settle",
	}
	limits := quota.Book{Uses: db, Owned: db, Ledger: db, Now: time.Now}
	return catalog.Services{
		Query: query.Service{
			Registry: db, History: db, Capabilities: db, Sweeps: db, Operations: db, Machines: db, Templates: db, Metrics: db,
			HasDriver: names.HasDriver, Now: time.Now,
		},
		Command: command.Service{
			Registry: db, Ledger: db, Templates: db, Metrics: db, Counters: db, Tickets: db, Keys: db, Meta: db, Flows: p, Prober: p,
			Quota: limits, Functions: names, Lag: func(string) time.Duration { return 0 }, Now: time.Now, NewID: p.newID, Log: quiet(),
		},
		Dispatch: dispatch.Service{
			Ledger: db, Registrations: db, Machines: db, Templates: db, Live: db, Blocks: db, Health: db, Capabilities: db, Metrics: db,
			Config: db, Quota: limits, Open: db, Sweeps: db, Meta: db, Drivers: p, Environment: p.name, Flights: new(dispatch.Flights),
			Now: time.Now, Jitter: p.site.draw, Log: quiet(),
		},
	}
}

// Driver opens a provider of the site.
func (p *process) Driver(r broker.Registration) (providers.Driver, error) {
	f, ok := p.site.fleets[r.Name]
	switch {
	case !ok:
		return nil, fault.New(fault.NotFound, "there is no provider %q", r.Name)
	case p.foggy && r.Name == p.site.plan.fleets[0].name:
		return fog{f}, nil
	}
	return f, nil
}

// Traits of the site's providers: none.
func (p *process) Traits(string) providers.Traits { return providers.Traits{} }

func (p *process) newID() string { return fmt.Sprintf("op-%d", p.site.ids.Add(1)) }

func (p *process) step(e op.Endpoint) local.Function {
	return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		a, err := e.Serve(ctx, op.Call{Principal: "workflow", Role: op.Admin}, payload)
		if err == nil {
			return a.Body, nil
		}
		if _, named := errors.AsType[walk.Named](err); !named {
			err = &fault.Task{Name: fault.ASLInternal, Cause: err.Error()}
		}
		return nil, err
	}
}

// stop ends the process as SIGKILL does: nothing of it goes on.
func (p *process) stop(ctx context.Context) {
	p.dead.Store(true)
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := p.runner.Stop(over); err != nil && !errors.Is(err, context.Canceled) {
		p.site.Error(err)
	}
}

// dies ends the process in the middle of what it does; another takes its place.
func (p *process) dies(ctx context.Context) {
	if p.dead.CompareAndSwap(false, true) {
		go p.stop(ctx)
		p.site.replace(p)
	}
}

// StartOperation, WaitOperation, Running and ProbeNow do what the daemon does.
func (p *process) StartOperation(ctx context.Context, e broker.Execution) error {
	err := p.runner.Start(ctx, local.Execution{
		Name: e.Name, Machine: statemachines.ExecuteWithFailover, OperationID: e.OperationID, Input: e.Input,
		Timeout: max(0, time.Until(e.Deadline)) + 5*time.Minute,
	})
	if errors.Is(err, local.ErrRunning) {
		return nil
	}
	return err
}

func (p *process) WaitOperation(ctx context.Context, id string) error {
	return p.runner.WaitOperation(ctx, id)
}

func (p *process) Running(id string) bool { return p.runner.RunningOperation(id) }

func (p *process) ProbeNow(ctx context.Context, provider, kind string) error {
	_, err := p.steps.Invoke(ctx, "probe-"+kind, json.RawMessage(fmt.Sprintf(`{"provider_name": %q, "driver_timeout_ms": 3000}`, provider)))
	return err
}

// gate is the store as one process sees it: gone when the process is dead, and
// when the plan says that the table is away. The process may die at each
// boundary of a write that its operations make.
type gate struct {
	storetest.Store
	process *process
}

// pass carries a write out between its two boundaries.
func (g *gate) pass(ctx context.Context, call func() error) error {
	if err := g.boundary(ctx); err != nil {
		return err
	}
	err := call()
	if lost := g.boundary(ctx); lost != nil {
		return lost
	}
	return err
}

// boundary is a moment at which the process may die.
func (g *gate) boundary(ctx context.Context) error {
	s := g.process.site
	switch {
	case g.process.dead.Load():
		return errDead
	case s.plan.deaths > 0 && s.draw() < s.plan.deaths:
		g.process.dies(ctx)
		return errDead
	case s.plan.tableAway != nil && s.plan.tableAway(s):
		return fault.New(fault.StoreUnavailable, "the table is away")
	}
	return nil
}

func (g *gate) ClaimOperation(ctx context.Context, c broker.Claim) error {
	return g.pass(ctx, func() error { return g.Store.ClaimOperation(ctx, c) })
}

func (g *gate) MarkSent(ctx context.Context, id string, sent broker.Fenced) error {
	return g.pass(ctx, func() error { return g.Store.MarkSent(ctx, id, sent) })
}

func (g *gate) RecordOutcome(ctx context.Context, o broker.Outcome) error {
	return g.pass(ctx, func() error { return g.Store.RecordOutcome(ctx, o) })
}

func (g *gate) TakeStep(ctx context.Context, st broker.Step) error {
	return g.pass(ctx, func() error { return g.Store.TakeStep(ctx, st) })
}

func (g *gate) ApplyLive(ctx context.Context, k broker.LiveKey, w broker.LiveWrite) (l broker.Live, err error) {
	err = g.pass(ctx, func() error { l, err = g.Store.ApplyLive(ctx, k, w); return err })
	if err == nil && w.Kind == broker.LiveProbe && g.process.site.killsProber() {
		g.process.dies(ctx)
		return broker.Live{}, errDead
	}
	return l, err
}

func (g *gate) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	if err := g.readable(); err != nil {
		return broker.Snapshot{}, err
	}
	return g.Store.Snapshot(ctx)
}

func (g *gate) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) {
	if err := g.readable(); err != nil {
		return broker.Snapshot{}, err
	}
	return g.Store.FreshSnapshot(ctx)
}

// readable is the boundary of a read, at which nobody dies.
func (g *gate) readable() error {
	s := g.process.site
	if s.plan.tableAway != nil && s.plan.tableAway(s) {
		return fault.New(fault.StoreUnavailable, "the table is away")
	}
	return nil
}
