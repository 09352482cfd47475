package sim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// clock moves by a millisecond at each look.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

// double speaks providertest's words to a simulated provider.
type double struct{ p *sim.Provider }

func (d double) Free(n int)              { d.p.SetFree(n) }
func (d double) Exist() []string         { return d.p.Exist() }
func (d double) Vanish(id string)        { d.p.Vanish(id) }
func (d double) Record([]broker.Machine) {}
func (d double) Pass(time.Duration)      {}

func (d double) Set(f providertest.Fault) {
	d.p.Reset()
	lost := &fault.ProviderError{Class: fault.Server, Sent: true, Code: "sim_reset", Message: "the connection was reset"}
	switch f {
	case providertest.Working:
	case providertest.Throttled:
		d.p.Always(sim.Create, sim.Step{Err: &fault.ProviderError{Class: fault.Throttle, Code: "sim_throttle", Message: "too many calls", RetryAfter: time.Second}})
	case providertest.Unauthorized:
		d.p.Always(sim.Create, sim.Step{Err: &fault.ProviderError{Class: fault.Auth, Code: "sim_auth", Message: "who are you"}})
	case providertest.LateFailure:
		d.p.Always(sim.Create, sim.Step{Pending: true})
		d.p.Script(sim.Poll, sim.Step{Pending: true})
		d.p.Always(sim.Poll, sim.Step{Err: &fault.ProviderError{Class: fault.Capacity, Code: "sim_capacity", Message: "no room after all"}})
	case providertest.Hanging:
		d.p.Always(sim.Create, sim.Step{Hang: true})
	case providertest.LostReply:
		d.p.Always(sim.Create, sim.Step{Err: lost, Effect: true})
	case providertest.CutReply:
		d.p.Always(sim.Create, sim.Step{Err: lost, Effect: true, Most: 2})
	case providertest.Unreachable:
		for _, c := range []sim.Call{sim.Create, sim.Health} {
			d.p.Always(c, sim.Step{Err: &fault.ProviderError{Class: fault.Down, Code: "sim_down", Message: "connection refused"}})
		}
	case providertest.Blind:
		for _, c := range []sim.Call{sim.Find, sim.List, sim.Status} {
			d.p.Always(c, sim.Step{Err: lost})
		}
	}
}

func subject(testing.TB) providertest.Subject {
	c := &clock{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	p := sim.New(sim.Options{Name: "sim-a", Free: 10, Now: c.Now})
	return providertest.Subject{
		Driver: p, Double: double{p}, Provider: "sim-a",
		Template: broker.ResolvedTemplate{ID: "t"},
		Misfit:   broker.ResolvedTemplate{ID: "t", Attributes: map[string]any{"impossible": true}},
	}
}

func TestProvider_keeps_the_contract_of_drivers(t *testing.T) {
	providertest.Run(t, providertest.Harness{New: subject})
}
