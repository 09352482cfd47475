package sim_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
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
	p := &process{site: s, name: fmt.Sprintf("process-%d", s.ids.Add(1)), serve: map[string]op.Endpoint{}}
	p.foggy = int(s.started.Add(1)) <= s.plan.foggy
	var db storetest.Store = &gate{Store: s.store, process: p}
	if s.plan.peer != nil {
		db = s.plan.peer(db)
	}
	b, err := inprocess.New(inprocess.Options{
		Store: db, Drivers: p, Kinds: []string{kind}, Environment: p.name,
		Now: time.Now, NewID: p.newID, Jitter: s.draw, Log: quiet(),
	})
	if err != nil {
		s.Fatal(err)
	}
	p.runner, p.steps = b.Runner, b.Functions
	for _, e := range b.Endpoints {
		p.serve[e.Spec.Name] = e
	}
	return p
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
