package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// DeregisterProviderStrategy takes a provider out.
var DeregisterProviderStrategy = op.Define(op.Spec{
	Name: deregistering, Kind: op.Command, Role: op.Operator, Changes: true,
	Summary: "Take a provider out",
	Detail: "Refused while machines or operations are open on it. With force it gets no new work, and is removed " +
		"by itself once the last machine is returned.",
	Examples: []op.Example{
		{Title: "Take out an idle provider", Body: `{"strategy_name": "pool-a"}`},
		{Title: "Drain a provider in use", Body: `{"strategy_name": "pool-a", "force": true}`},
	},
	Faults: []fault.Code{fault.NotFound, fault.Conflict, fault.Frozen},
}, Service.deregisterProviderStrategy)

// deregistering is the operation: who asked for it has the removal of a drained
// provider to his name.
const deregistering = "deregisterProviderStrategy"

// DeregisterInput names the provider.
type DeregisterInput struct {
	StrategyName string `json:"strategy_name" doc:"Name of the provider." required:"true" format:"name"`
	Force        bool   `json:"force,omitempty" doc:"Drain it when it is in use, instead of refusing."`
}

// Deregistered is the answer.
type Deregistered struct {
	StrategyName   string `json:"strategy_name" doc:"Name of the provider."`
	Status         string `json:"status" doc:"deregistered, or draining."`
	OpenMachines   int    `json:"open_machines" doc:"Machines still there; counting stops at 1000."`
	OpenOperations int    `json:"open_operations" doc:"Operations that may still make machines there."`
}

// deregisterProviderStrategy returns not_found, and conflict while the
// provider is in use. It is marked first and looked at after, as a worker
// counts itself first and reads the mark after: one always sees the other.
func (s Service) deregisterProviderStrategy(ctx context.Context, in DeregisterInput) (Deregistered, error) {
	r, err := s.Registry.Provider(ctx, in.StrategyName)
	if err != nil {
		return Deregistered{}, fmt.Errorf("reading provider %q: %w", in.StrategyName, fault.Lookup(err, "strategy_name", whichProviders))
	}
	was := r.Draining
	u, err := s.use(ctx, r.Name)
	if err != nil {
		return Deregistered{}, err
	}
	if !in.Force && !u.idle() {
		return Deregistered{}, inUse(r.Name, u) // without a trace
	}
	by := marking(ctx, in.Force)
	if r, err = s.mark(ctx, r, true, by); err != nil {
		return Deregistered{}, err
	}
	if u, err = s.use(ctx, r.Name); err != nil {
		return Deregistered{}, err
	}
	out := Deregistered{StrategyName: r.Name, Status: "deregistered", OpenMachines: u.machines, OpenOperations: u.operations}
	switch {
	case u.idle():
		return out, s.remove(ctx, r, actor(ctx))
	case in.Force:
		out.Status = "draining"
		return out, nil
	}
	if _, err := s.mark(ctx, r, was, by); err != nil {
		return Deregistered{}, err
	}
	return Deregistered{}, inUse(r.Name, u)
}

func inUse(name string, u usage) error {
	return fault.New(fault.Conflict, "%q is in use (machines: %d, operations: %d, calls: %d); return the machines first, or send force to drain it",
		name, u.machines, u.operations, u.calls)
}

// marking is who marks a provider. Without force that is a step to its removal,
// which is the change that is told.
func marking(ctx context.Context, force bool) broker.Actor {
	by := actor(ctx)
	if !force {
		by.Operation = ""
	}
	return by
}

func (s Service) mark(ctx context.Context, r broker.Registration, draining bool, by broker.Actor) (broker.Registration, error) {
	if r.Draining == draining {
		return r, nil
	}
	r.Draining, r.UpdatedAt, r.Actor = draining, s.Now(), by
	stored, err := s.Registry.PutProvider(ctx, r)
	if c := new(broker.Conflict); errors.As(err, &c) {
		return r, fault.New(fault.Conflict, "%q was changed at the same time; try again", r.Name)
	}
	if err != nil {
		return r, fmt.Errorf("marking provider %q: %w", r.Name, err)
	}
	return stored, nil
}

func (s Service) remove(ctx context.Context, r broker.Registration, by broker.Actor) error {
	err := s.Registry.DeleteProvider(ctx, r.Name, r.Version, by)
	if c := new(broker.Conflict); errors.As(err, &c) {
		return fault.New(fault.Conflict, "%q was changed at the same time; try again", r.Name)
	}
	if err != nil {
		return fmt.Errorf("removing provider %q: %w", r.Name, err)
	}
	return nil
}

// usage is what still holds a provider.
type usage struct {
	machines, operations int
	calls                int64
}

func (u usage) idle() bool { return u.machines == 0 && u.operations == 0 && u.calls == 0 }

const usageLimit = 1000

// use counts what still holds a provider, in the order in which a worker lets
// go: its call ends, then its machines are recorded together with the end of
// its attempt. So what one count has just lost, a later one finds.
func (s Service) use(ctx context.Context, provider string) (usage, error) {
	var u usage
	snap, err := s.Registry.FreshSnapshot(ctx)
	if err != nil {
		return u, fmt.Errorf("reading the registry: %w", err)
	}
	for _, p := range snap.Providers {
		if p.Name == provider {
			for _, l := range p.Live {
				u.calls += l.Calls(s.Now())
			}
		}
	}
	if u.operations, err = s.openOperations(ctx, provider); err != nil {
		return u, err
	}
	owned, err := s.Ledger.OwnedMachines(ctx, provider, usageLimit)
	if err != nil {
		return u, fmt.Errorf("reading the machines of %q: %w", provider, err)
	}
	u.machines = len(owned)
	return u, nil
}

// openOperations counts operations with an attempt at the provider that may
// still have an effect.
func (s Service) openOperations(ctx context.Context, provider string) (int, error) {
	open, err := s.Ledger.OpenOperations(ctx, s.Now().Add(everDue), usageLimit)
	if err != nil {
		return 0, fmt.Errorf("reading open operations: %w", err)
	}
	n := 0
	for _, o := range open {
		l, err := s.Ledger.Ledger(ctx, o.ID)
		if err != nil {
			return n, fmt.Errorf("reading operation %s: %w", o.ID, err)
		}
		for i := range l.Attempts {
			if a := &l.Attempts[i]; a.Provider == provider && a.State.Reserves() {
				n++
				break
			}
		}
	}
	return n, nil
}
