package providertest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// double is a simulated provider that knows the faults of this test.
type double struct{ *sim.Provider }

func (d double) Free(n int)              { d.SetFree(n) }
func (d double) Record([]broker.Machine) {}
func (d double) Pass(time.Duration)      {}

func (d double) Set(f providertest.Fault) {
	d.Reset()
	switch f {
	case providertest.LostReply:
		d.Always(sim.Create, sim.Step{Effect: true, Err: &fault.ProviderError{Class: fault.Server, Sent: true, Code: "reset", Message: "connection reset"}})
	case providertest.Unreachable:
		for _, c := range []sim.Call{sim.Create, sim.Health} {
			d.Always(c, sim.Step{Err: &fault.ProviderError{Class: fault.Down, Code: "down", Message: "connection refused"}})
		}
	case providertest.Hanging:
		d.Always(sim.Create, sim.Step{Hang: true})
	case providertest.Blind:
		d.Always(sim.Find, sim.Step{Err: &fault.ProviderError{Class: fault.Server, Sent: true, Code: "reset", Message: "connection reset"}})
		d.Always(sim.Status, sim.Step{Err: &fault.ProviderError{Class: fault.Server, Sent: true, Code: "reset", Message: "connection reset"}})
		d.Always(sim.List, sim.Step{Err: &fault.ProviderError{Class: fault.Server, Sent: true, Code: "reset", Message: "connection reset"}})
	case providertest.Throttled:
		d.Always(sim.Create, sim.Step{Err: &fault.ProviderError{Class: fault.Throttle, Code: "slow", Message: "slow down", RetryAfter: time.Second}})
	default:
	}
}

// broken is a driver with one defect: what is set replaces the good method.
type broken struct {
	providers.Driver
	create    func(context.Context, broker.CreateSpec) (providers.CreateResult, error)
	find      func(context.Context, broker.CreateSpec) ([]broker.Machine, error)
	terminate func(context.Context, []string) ([]broker.MachineResult, error)
	status    func(context.Context, []string) ([]broker.Machine, error)
	health    func(context.Context) (broker.Health, error)
	validate  func(context.Context, broker.ResolvedTemplate) (providers.Validation, error)
}

func (b broken) Create(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
	if b.create != nil {
		return b.create(ctx, s)
	}
	return b.Driver.Create(ctx, s)
}

func (b broken) Poll(ctx context.Context, s broker.CreateSpec, c json.RawMessage) (providers.CreateResult, error) {
	return b.Driver.Poll(ctx, s, c)
}

func (b broken) Find(ctx context.Context, s broker.CreateSpec) ([]broker.Machine, error) {
	if b.find != nil {
		return b.find(ctx, s)
	}
	return b.Driver.Find(ctx, s)
}

func (b broken) Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
	if b.terminate != nil {
		return b.terminate(ctx, ids)
	}
	return b.Driver.Terminate(ctx, ids)
}

func (b broken) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	if b.status != nil {
		return b.status(ctx, ids)
	}
	return b.Driver.Status(ctx, ids)
}

func (b broken) Health(ctx context.Context) (broker.Health, error) {
	if b.health != nil {
		return b.health(ctx)
	}
	return b.Driver.Health(ctx)
}

func (b broken) Validate(ctx context.Context, t broker.ResolvedTemplate) (providers.Validation, error) {
	if b.validate != nil {
		return b.validate(ctx, t)
	}
	return b.Driver.Validate(ctx, t)
}

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// A suite that passes everything specifies nothing: each defect must be found
// by the case that is there for it, and a driver without a defect by none.
func TestCases_find_drivers_that_break_the_contract(t *testing.T) {
	defects := []struct {
		name   string
		found  string // by the case of that name
		defect func(p *sim.Provider, b *broken)
	}{
		{"forgets tokens", "makes nothing more for the same token", forgetful},
		{"forgets tokens", "makes no more than asked for one token in eight calls at once", forgetful},
		{"forgets tokens", "says that the outcome is open when a reply is lost, and the same token finds it", forgetful},
		{"makes one too few and says nothing", "creates as many machines as asked", stingy},
		{"calls a part an error", "creates what there is room for and says why it is less", func(p *sim.Provider, b *broken) {
			b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
				r, err := p.Create(ctx, s)
				if len(r.Shortfall) > 0 {
					return r, r.Shortfall[0]
				}
				return r, err
			}
		}},
		{"calls no room a failure of the server", "creates none with a capacity error when there is no room", func(p *sim.Provider, b *broken) {
			b.create = relabel(p, fault.Capacity, &fault.ProviderError{Class: fault.Server, Sent: true, Message: "no"})
		}},
		{"returns errors of its own", "reports throttling with the hint of the provider", func(p *sim.Provider, b *broken) {
			b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
				r, err := p.Create(ctx, s)
				if err != nil {
					err = errors.New("oops")
				}
				return r, err
			}
		}},
		{"loses the hint", "reports throttling with the hint of the provider", func(p *sim.Provider, b *broken) {
			b.create = relabel(p, fault.Throttle, &fault.ProviderError{Class: fault.Throttle, Message: "slow down"})
		}},
		{"is sure that a lost reply had no effect", "says that the outcome is open when a reply is lost, and a look-up finds it", func(p *sim.Provider, b *broken) {
			b.create = relabel(p, fault.Server, &fault.ProviderError{Class: fault.Server, Message: "failed"})
		}},
		{"says that it sent what it did not", "reports an unreachable provider as not sent", func(p *sim.Provider, b *broken) {
			b.create = relabel(p, fault.Down, &fault.ProviderError{Class: fault.Down, Sent: true, Message: "down"})
		}},
		{"waits for longer than it may", "obeys its deadline when the provider hangs", func(p *sim.Provider, b *broken) {
			b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
				long, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute) // virtual
				defer cancel()
				if ctx.Err() == nil && ctx.Done() != nil {
					return p.Create(long, s)
				}
				return p.Create(ctx, s)
			}
		}},
		{"finds nothing by token", "says that the outcome is open when a reply is lost, and a look-up finds it", func(_ *sim.Provider, b *broken) {
			b.find = func(context.Context, broker.CreateSpec) ([]broker.Machine, error) { return nil, nil }
		}},
		{"finds the machines of others", "keeps the machines of two tokens apart", func(p *sim.Provider, b *broken) {
			b.find = func(ctx context.Context, _ broker.CreateSpec) ([]broker.Machine, error) {
				return p.Status(ctx, p.Exist())
			}
		}},
		{"takes a failed look-up for nothing", "tells a failed look-up from one that finds nothing", func(p *sim.Provider, b *broken) {
			b.find = func(ctx context.Context, s broker.CreateSpec) ([]broker.Machine, error) {
				m, err := p.Find(ctx, s)
				if err != nil {
					return nil, nil //nolint:nilerr // the mistake that the suite has to find
				}
				return m, nil
			}
		}},
		{"is spoilt by an unknown id", "terminates the good ones beside an unknown id, in the order given", func(p *sim.Provider, b *broken) {
			b.terminate = func(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
				for _, id := range ids {
					if strings.HasPrefix(id, "m-0000") {
						return nil, &fault.ProviderError{Class: fault.Validation, Message: "no such machine"}
					}
				}
				return p.Terminate(ctx, ids)
			}
		}},
		{"says terminated and does not", "terminates, and what is gone is terminated too", func(_ *sim.Provider, b *broken) {
			b.terminate = func(_ context.Context, ids []string) ([]broker.MachineResult, error) {
				var r []broker.MachineResult
				for _, id := range ids {
					r = append(r, broker.MachineResult{MachineID: id, Terminated: true})
				}
				return r, nil
			}
		}},
		{"terminates everything", "terminates nothing else", func(p *sim.Provider, b *broken) {
			b.terminate = func(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
				r, err := p.Terminate(ctx, ids)
				if _, all := p.Terminate(ctx, p.Exist()); all != nil {
					return nil, all
				}
				return r, err
			}
		}},
		{"uses ids again", "never uses a machine id again", reusing},
		{"tells the status in another order", "tells the status of each machine in the order given", func(p *sim.Provider, b *broken) {
			b.status = func(ctx context.Context, ids []string) ([]broker.Machine, error) {
				m, err := p.Status(ctx, ids)
				if len(m) > 1 {
					m[0], m[1] = m[1], m[0]
				}
				return m, err
			}
		}},
		{"sees machines that have vanished", "tells that a machine has vanished", func(_ *sim.Provider, b *broken) {
			b.status = func(_ context.Context, ids []string) ([]broker.Machine, error) {
				var m []broker.Machine
				for _, id := range ids {
					m = append(m, broker.Machine{ID: id, Status: broker.MachineRunning})
				}
				return m, nil
			}
		}},
		{"is always healthy", "is not healthy when it is unreachable", func(_ *sim.Provider, b *broken) {
			b.health = func(context.Context) (broker.Health, error) {
				return broker.Health{State: broker.Healthy, Message: "fine", CheckedAt: now}, nil
			}
		}},
		{"likes every template", "says what of a template would not work", func(_ *sim.Provider, b *broken) {
			b.validate = func(context.Context, broker.ResolvedTemplate) (providers.Validation, error) {
				return providers.Validation{}, nil
			}
		}},
	}
	for _, d := range defects {
		t.Run(d.name+": "+d.found, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := caseNamed(t, d.found)
				if said := record(t, func(tb testing.TB) { c.Run(tb, subject(nil)) }); said != "" {
					t.Fatalf("the case fails without the defect: %s", said)
				}
				if said := record(t, func(tb testing.TB) { c.Run(tb, subject(d.defect)) }); said == "" {
					t.Error("the case passes a driver that breaks the contract")
				}
			})
		})
	}
}

func subject(defect func(*sim.Provider, *broken)) providertest.Subject {
	p := sim.New(sim.Options{Name: "sim-a", Free: 12, Now: func() time.Time { return now }})
	b := broken{Driver: p}
	if defect != nil {
		defect(p, &b)
	}
	return providertest.Subject{
		Driver: b, Double: double{p}, Provider: "sim-a",
		Misfit: broker.ResolvedTemplate{Attributes: map[string]any{"impossible": true}},
	}
}

func caseNamed(t *testing.T, name string) providertest.Case {
	t.Helper()
	for _, c := range providertest.Cases() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return providertest.Case{}
}

func forgetful(p *sim.Provider, b *broken) {
	var calls atomic.Int64
	b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
		s.Token = fmt.Sprintf("%s/%d", s.Token, calls.Add(1))
		return p.Create(ctx, s)
	}
}

func stingy(p *sim.Provider, b *broken) {
	b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
		s.Count--
		return p.Create(ctx, s)
	}
}

// relabel answers e where the provider answers an error of a class.
func relabel(p *sim.Provider, class fault.Class, e *fault.ProviderError) func(context.Context, broker.CreateSpec) (providers.CreateResult, error) {
	return func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
		r, err := p.Create(ctx, s)
		if got := fault.AsProvider(err); got != nil && got.Class == class {
			return r, e
		}
		return r, err
	}
}

// reusing names machines by their place in the answer.
func reusing(p *sim.Provider, b *broken) {
	actual := map[string]string{}
	b.create = func(ctx context.Context, s broker.CreateSpec) (providers.CreateResult, error) {
		r, err := p.Create(ctx, s)
		for i := range r.Machines {
			id := fmt.Sprintf("machine-%d", i)
			actual[id], r.Machines[i].ID = r.Machines[i].ID, id
		}
		return r, err
	}
	b.terminate = func(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
		mapped := make([]string, len(ids))
		for i, id := range ids {
			mapped[i] = actual[id]
		}
		return p.Terminate(ctx, mapped)
	}
}

func TestCases_have_names_of_their_own(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range providertest.Cases() {
		if c.Name == "" || seen[c.Name] {
			t.Errorf("the name %q is empty or there twice", c.Name)
		}
		seen[c.Name] = true
	}
}
