package storetest

import (
	"context"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// world is what events alone tell.
type world struct {
	Config    int64
	Providers map[string]*told
	Executed  map[string]int // how often an operation ended
}

// told is what is known of one provider. What was never told is left out.
type told struct {
	Version  int64
	Health   broker.HealthState
	Breakers map[string]broker.BreakerState
}

func (w *world) provider(name string) *told {
	if w.Providers[name] == nil {
		w.Providers[name] = &told{Health: broker.Unknown, Breakers: map[string]broker.BreakerState{}}
	}
	return w.Providers[name]
}

// after is the world after an event. The error names one that cannot follow
// what was told before.
func (w *world) after(e broker.Event) error {
	p, follows := w.provider(e.Provider), true
	switch e.Type {
	case broker.EventProviderRegistered:
		follows, p.Version = e.Version == p.Version+1, e.Version
	case broker.EventProviderDeregistered:
		follows = e.Version == p.Version
		delete(w.Providers, e.Provider)
	case broker.EventStrategyConfigured:
		follows, w.Config = e.Version == w.Config+1, e.Version
	case broker.EventProviderHealthChanged:
		follows, p.Health = e.PreviousHealth == p.Health, e.Health
	case broker.EventCircuitOpened, broker.EventCircuitHalfOpen, broker.EventCircuitClosed:
		was := p.Breakers[e.Class]
		follows = e.PreviousState == was || was == "" && e.PreviousState == broker.Closed
		p.Breakers[e.Class] = e.State
	case broker.EventOperationExecuted:
		w.Executed[e.OperationID]++
	case broker.EventOperationCancelled, broker.EventFailoverOccurred, broker.EventMachineLost:
	}
	if !follows {
		return fmt.Errorf("%+v does not follow what was told before", e)
	}
	return nil
}

// replay reads all events, from the first on.
func replay(ctx context.Context, s Store) (*world, error) {
	w := &world{Providers: map[string]*told{}, Executed: map[string]int{}}
	for q := (broker.EventQuery{Limit: 100}); ; {
		page, err := s.Events(ctx, q)
		if err != nil || len(page) == 0 {
			return w, err
		}
		for _, e := range page {
			if err := w.after(e); err != nil {
				return w, err
			}
		}
		q.After = page[len(page)-1].ID
	}
}

// CheckRegistryEvents returns an error unless the events that are stored say
// of registrations, health, breakers and the configuration what is stored, and
// each follows the one before: no change without its event, no event without
// its change. All of them must still be kept, and be seen.
func CheckRegistryEvents(ctx context.Context, s Store) error {
	w, err := replay(ctx, s)
	if err != nil {
		return err
	}
	snap, err := s.FreshSnapshot(ctx)
	if err != nil {
		return err
	}
	want := world{Config: snap.Config.Version, Providers: map[string]*told{}}
	for _, v := range snap.Providers {
		p := want.provider(v.Name)
		p.Version, p.Health = v.Version, v.Health.State
		for class, l := range v.Live {
			if l.State != "" && l.State != broker.Closed {
				p.Breakers[class] = l.State
			}
		}
	}
	for name, p := range w.Providers {
		if p.Version == 0 { // only breakers were told: nobody has registered it
			delete(w.Providers, name)
		}
		for class, state := range p.Breakers {
			if state == broker.Closed {
				delete(p.Breakers, class)
			}
		}
	}
	if d := cmp.Diff(want.Providers, w.Providers); d != "" || want.Config != w.Config {
		return fmt.Errorf("version of the configuration: stored %d, told %d; providers: stored (-), told (+):\n%s", want.Config, w.Config, d)
	}
	return nil
}

// CheckOperationEvents returns an error unless each stored operation that has
// ended told so once, and no other did. It reads those of the first page, and
// all events must still be kept, and be seen.
func CheckOperationEvents(ctx context.Context, s Store) error {
	w, err := replay(ctx, s)
	if err != nil {
		return err
	}
	ops, _, err := s.Operations(ctx, broker.OperationFilter{}, broker.Page{Limit: 1000})
	if err != nil {
		return err
	}
	for _, o := range ops {
		ends := o.Status != broker.OpRunning && o.Status != broker.OpUnknown
		if o.Type != broker.CreateInstances && o.Type != broker.TerminateInstances {
			ends = ends && o.Status != broker.OpSucceeded // it changed nothing
		}
		if n := w.Executed[o.ID]; n > 1 || (n == 1) != ends {
			return fmt.Errorf("operation %s, which is %s, told %d times that it ended", o.ID, o.Status, n)
		}
	}
	return nil
}
