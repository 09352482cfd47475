package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

var _ providers.Driver = (*Provider)(nil)

// Options makes a provider.
type Options struct {
	Name string           // of the registration
	Free int              // machines that can be made at first
	Cost *float64         // of a machine per hour; nil: not known
	Now  func() time.Time // required
	// Wait passes a step's latency, or returns ctx's error; nil: by a timer,
	// for tests with a fake clock of their own.
	Wait func(ctx context.Context, d time.Duration) error
}

// Provider is the simulated provider and its driver in one. It is safe for
// concurrent use.
type Provider struct {
	o       Options
	mu      sync.Mutex
	free    int
	serial  int
	names   []string                   // of machines in the order made
	all     map[string]*broker.Machine // by id, ended ones too
	tokens  map[string]*wish
	scripts map[Call][]Step
	always  map[Call]Step
	calls   map[Call]int
}

// wish is what a token asked for and got.
type wish struct {
	ids     []string
	pending bool
}

// New returns a provider that works.
func New(o Options) *Provider {
	if o.Wait == nil {
		o.Wait = byTimer
	}
	return &Provider{
		o: o, free: o.Free, all: map[string]*broker.Machine{}, tokens: map[string]*wish{},
		scripts: map[Call][]Step{}, always: map[Call]Step{}, calls: map[Call]int{},
	}
}

func byTimer(ctx context.Context, d time.Duration) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), d)
	defer cancel()
	select {
	case <-limited.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SetFree makes room for exactly n more machines.
func (p *Provider) SetFree(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = n
}

// Exist returns the ids of the machines that exist, in the order made.
func (p *Provider) Exist() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.names), func(id string) bool { return p.all[id].Status.Final() })
}

// Made is how many machines were ever made.
func (p *Provider) Made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.names)
}

// Vanish takes a machine away without anybody having asked.
func (p *Provider) Vanish(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m, ok := p.all[id]; ok {
		m.Status, m.Message = broker.MachineLost, "the provider took it"
	}
}

// Create makes machines as [providers.Driver] says. A template with the
// attribute "impossible" is OFFERING_CONFIG.
func (p *Provider) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	s, err := p.enter(ctx, Create)
	if err != nil {
		return providers.CreateResult{}, err
	}
	if impossible(spec.Template) {
		return providers.CreateResult{}, &fault.ProviderError{Class: fault.OfferingConfig, Code: "sim_impossible", Message: "the template asks for the impossible"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.tokens[spec.Token]
	if !ok {
		w = &wish{pending: s.Pending}
		p.tokens[spec.Token] = w
	}
	return p.fulfil(w, spec, s)
}

// Poll makes what Create has accepted. A step with an error and no effect
// ends the creation: that is a failure that comes late.
func (p *Provider) Poll(ctx context.Context, spec broker.CreateSpec, _ json.RawMessage) (providers.CreateResult, error) {
	s, err := p.enter(ctx, Poll)
	if err != nil {
		return providers.CreateResult{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w, ok := p.tokens[spec.Token]
	if !ok {
		return providers.CreateResult{}, &fault.ProviderError{Class: fault.Server, Sent: true, Code: "sim_unknown_token", Message: "nothing was accepted under this token"}
	}
	w.pending = s.Pending
	return p.fulfil(w, spec, s)
}

func (p *Provider) fulfil(w *wish, spec broker.CreateSpec, s Step) (providers.CreateResult, error) {
	if !w.pending {
		p.make(w, spec, s.Most)
	}
	switch {
	case s.Err != nil:
		return providers.CreateResult{}, s.answer()
	case w.pending:
		token, err := json.Marshal(spec.Token)
		return providers.CreateResult{Pending: token, PollAfter: time.Second}, err
	}
	return p.result(w, spec)
}

func (p *Provider) make(w *wish, spec broker.CreateSpec, most int) {
	n := min(spec.Count-len(w.ids), p.free)
	if most > 0 {
		n = min(n, most)
	}
	for range n {
		p.serial++
		id := fmt.Sprintf("%s-%d", p.o.Name, p.serial)
		now := p.o.Now()
		p.all[id] = &broker.Machine{
			ID: id, Name: "host-" + id, Provider: p.o.Name, Status: broker.MachineRunning,
			PrivateIP: fmt.Sprintf("192.0.2.%d", p.serial%256), LaunchTime: now, UpdatedAt: now,
			OperationID: spec.OperationID, Attempt: spec.Attempt,
		}
		p.names, w.ids = append(p.names, id), append(w.ids, id)
		p.free--
	}
}

func (p *Provider) result(w *wish, spec broker.CreateSpec) (providers.CreateResult, error) {
	if len(w.ids) >= spec.Count {
		return providers.CreateResult{Machines: p.machines(w.ids)}, nil
	}
	short := &fault.ProviderError{
		Class: fault.Capacity, Code: "sim_capacity",
		Message: fmt.Sprintf("there was room for %d of %d", len(w.ids), spec.Count),
	}
	if len(w.ids) == 0 {
		return providers.CreateResult{}, short
	}
	return providers.CreateResult{Machines: p.machines(w.ids), Shortfall: []error{short}}, nil
}

func (p *Provider) machines(ids []string) []broker.Machine {
	list := make([]broker.Machine, len(ids))
	for i, id := range ids {
		list[i] = *p.all[id]
	}
	return list
}

func impossible(t broker.ResolvedTemplate) bool { _, ok := t.Attributes["impossible"]; return ok }
