package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/op"
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
	started   atomic.Int64 // processes

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
		s := newSite(t, &p, seed)
		s.run()
		seen = s.seen
		s.stop()
	})
	return seen
}

// newSite starts the processes of a plan and registers its providers.
func newSite(t *testing.T, p *plan, seed uint64) *site {
	t.Helper()
	s := &site{
		T: t, plan: p, store: storetest.NewMemory(time.Now), fleets: map[string]*fleet{},
		chance: rand.New(rand.NewPCG(seed, 1)),
	}
	for range max(1, p.processes) {
		s.processes = append(s.processes, s.start())
	}
	s.began = time.Now()
	s.furnish()
	return s
}

// stop ends the processes.
func (s *site) stop() {
	for _, p := range s.processes {
		p.stop(s.Context())
	}
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
	r := map[string]any{
		"strategy_name": name, "provider_type": kind, "priority": priority, "weight": weight, "version": version,
		"strategy_config": map[string]any{
			"hosts": []any{map[string]any{"name": "h", "address": "192.0.2.1", "attributes": map[string]any{"ncpus": 8}}},
			"check": map[string]any{"kind": "none"},
		},
	}
	if f := s.fleets[name]; f.price > 0 {
		r["price_per_hour"] = f.price
	}
	if f := s.fleets[name]; f.limit > 0 {
		r["max_machines"] = f.limit
	}
	body, err := json.Marshal(r)
	if err != nil {
		s.Fatal(err)
	}
	s.admin("registerProviderStrategy", string(body))
}

// admin carries out a request that has to work.
func (s *site) admin(name, body string) {
	s.Helper()
	if _, err := s.processes[0].serve[name].Serve(s.Context(), op.Call{Principal: "admin", Role: op.Admin}, []byte(body)); err != nil {
		s.Fatalf("%s: %v", name, err)
	}
}

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
