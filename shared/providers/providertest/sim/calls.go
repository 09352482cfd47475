package sim

import (
	"context"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Find returns the machines of a token that exist.
func (p *Provider) Find(ctx context.Context, spec broker.CreateSpec) ([]broker.Machine, error) {
	if _, err := p.enter(ctx, Find); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.tokens[spec.Token]
	if !ok {
		return []broker.Machine{}, nil
	}
	return slices.DeleteFunc(p.machines(w.ids), func(m broker.Machine) bool { return m.Status.Final() }), nil
}

// List returns the machines that exist and carry the broker's tag.
func (p *Provider) List(ctx context.Context, brokerID string) ([]broker.Machine, error) {
	if _, err := p.enter(ctx, List); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []broker.Machine{}
	for _, id := range p.names {
		if !p.all[id].Status.Final() && p.brokers[id] == brokerID {
			list = append(list, *p.all[id])
		}
	}
	return list, nil
}

// Terminate ends machines and makes room.
func (p *Provider) Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
	s, err := p.enter(ctx, Terminate)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	results := make([]broker.MachineResult, len(ids))
	for i, id := range ids {
		results[i] = broker.MachineResult{MachineID: id, Provider: p.o.Name, Terminated: true}
		m, ok := p.all[id]
		if !ok || m.Status.Final() {
			results[i].Message = "it was gone already"
			continue
		}
		m.Status, m.Message, m.UpdatedAt = broker.MachineTerminated, "terminated", p.o.Now()
		p.free++
	}
	if s.Err != nil {
		return nil, s.answer()
	}
	return results, nil
}

// Status tells what became of machines; one that was never made is TERMINATED.
func (p *Provider) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	if _, err := p.enter(ctx, Status); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]broker.Machine, len(ids))
	for i, id := range ids {
		if m, ok := p.all[id]; ok {
			list[i] = *m
			continue
		}
		list[i] = broker.Machine{ID: id, Provider: p.o.Name, Status: broker.MachineTerminated, Message: "no such machine"}
	}
	return list, nil
}

// Validate accepts every template that is not impossible.
func (p *Provider) Validate(ctx context.Context, t broker.ResolvedTemplate) (providers.Validation, error) {
	if _, err := p.enter(ctx, Validate); err != nil {
		return providers.Validation{}, err
	}
	v := providers.Validation{ValidatedFields: []string{"attributes"}, Estimate: broker.Estimate{EstimatedCostPerHour: p.o.Cost}}
	if impossible(t) {
		v.Errors = []string{"attributes.impossible: nothing has it"}
	}
	return v, nil
}

// Health is HEALTHY unless its step says otherwise: DOWN is an unhealthy
// provider, any other error a check that could not be made.
func (p *Provider) Health(ctx context.Context) (broker.Health, error) {
	began := p.o.Now()
	_, err := p.enter(ctx, Health)
	now := p.o.Now()
	h := broker.Health{State: broker.Healthy, Message: "simulated", ResponseTime: now.Sub(began), CheckedAt: now}
	if e := fault.AsProvider(err); e != nil && e.Class == fault.Down {
		h.State, h.Message = broker.Unhealthy, e.Message
		return h, nil
	}
	return h, err
}

// Capabilities are those of every provider.
func (p *Provider) Capabilities(ctx context.Context) (providers.Capabilities, error) {
	if _, err := p.enter(ctx, Capabilities); err != nil {
		return providers.Capabilities{}, err
	}
	return providers.Capabilities{Verified: map[string]any{"instance_management": true}, VerifiedAt: p.o.Now()}, nil
}

// Opener opens simulated providers by the name of their registration.
type Opener struct {
	KindName  string
	Lag       providers.Traits
	Providers map[string]*Provider // by registration
}

var _ providers.Opener = (*Opener)(nil)

// Kind is what the test calls it.
func (o *Opener) Kind() string { return o.KindName }

// Traits are what the test says.
func (o *Opener) Traits() providers.Traits { return o.Lag }

// Open returns the provider of a registration.
func (o *Opener) Open(r broker.Registration) (providers.Driver, error) {
	p, ok := o.Providers[r.Name]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no simulated provider %q", r.Name)
	}
	return p, nil
}

// String names the provider with what it has.
func (p *Provider) String() string {
	return fmt.Sprintf("%s: %d exist of %d made", p.o.Name, len(p.Exist()), p.Made())
}
