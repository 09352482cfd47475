package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

const kind = "static"

// site is what processes of a broker share: the store, the providers, chance.
type site struct {
	*testing.T
	plan      *plan
	store     storetest.Store
	fleets    map[string]*fleet
	processes []*process
	ids       atomic.Int64

	mu            sync.Mutex
	chance        *rand.Rand
	deaths        int
	probersKilled int
	seen          tally
	began         time.Time
}

// draw returns a number in [0, 1) from the site's seed.
func (s *site) draw() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.Float64()
}

// play runs a plan with a seed and returns what happened.
func play(t *testing.T, p plan, seed uint64) (seen tally) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{
			T: t, plan: &p, store: storetest.NewMemory(time.Now), fleets: map[string]*fleet{},
			chance: rand.New(rand.NewPCG(seed, 1)),
		}
		for range max(1, p.processes) {
			s.processes = append(s.processes, s.start())
		}
		s.began = time.Now()
		s.furnish()
		s.run()
		seen = s.seen
		for _, p := range s.processes {
			p.stop()
		}
	})
	return seen
}

// furnish registers the plan's providers and a template.
func (s *site) furnish() {
	for i := range s.plan.fleets {
		f := &s.plan.fleets[i]
		s.fleets[f.name] = newFleet(s, f)
		s.register(f.name, f.priority, 100)
	}
	s.admin("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}}`)
	if s.plan.config != "" {
		s.admin("configureProviderStrategy", s.plan.config)
	}
}

// register registers a provider, or changes it.
func (s *site) register(name string, priority, weight int) {
	var version int64
	if known, err := s.store.Provider(s.Context(), name); err == nil {
		version = known.Version
	}
	s.admin("registerProviderStrategy", fmt.Sprintf(`{"strategy_name": %q, "provider_type": %q, "priority": %d, "weight": %d, "version": %d,
		"strategy_config": {"hosts": [{"name": "h", "address": "192.0.2.1", "attributes": {"ncpus": 8}}], "check": {"kind": "none"}}}`,
		name, kind, priority, weight, version))
}

// admin carries out a request that has to work.
func (s *site) admin(name, body string) {
	s.Helper()
	if _, err := s.processes[0].serve[name].Serve(s.Context(), op.Call{Principal: "admin", Role: op.Admin}, []byte(body)); err != nil {
		s.Fatalf("%s: %v", name, err)
	}
}

// Driver opens a provider of the site.
func (s *site) Driver(r broker.Registration) (providers.Driver, error) {
	f, ok := s.fleets[r.Name]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no provider %q", r.Name)
	}
	return f, nil
}

func (s *site) Traits(string) providers.Traits { return providers.Traits{} }

// each starts f in a process as a schedule does, and passes over a failure: the
// next round comes.
func (p *process) scheduled(name, payload string) json.RawMessage {
	out, err := p.steps.Invoke(p.site.Context(), name, json.RawMessage(payload))
	if err != nil && !errors.Is(err, errDead) && !errors.Is(err, context.Canceled) {
		p.site.note(func(t *tally) { t.ticksFailed++ })
	}
	return out
}

// minute is what the schedule does each minute: checks that are due, and
// operations that nobody works on.
func (s *site) minute() {
	p := s.any()
	var due struct {
		Providers []json.RawMessage `json:"providers"`
	}
	if out := p.scheduled("due", `{}`); len(out) > 0 {
		if err := json.Unmarshal(out, &due); err != nil {
			s.Error(err)
		}
	}
	for _, payload := range due.Providers {
		go p.scheduled("probe-"+kind, string(payload))
	}
	p.scheduled("reconcile", `{}`)
}

// any returns a process that lives.
func (s *site) any() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.processes[s.chance.IntN(len(s.processes))]
}

// killsProber reports whether one more process dies with a permit in hand.
func (s *site) killsProber() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probersKilled == s.plan.proberDeaths {
		return false
	}
	s.probersKilled++
	return true
}

// replace starts a process in the place of one that died.
func (s *site) replace(p *process) {
	next := s.start()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaths++
	for i := range s.processes {
		if s.processes[i] == p {
			s.processes[i] = next
		}
	}
}

func (s *site) note(f func(*tally)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.seen)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
