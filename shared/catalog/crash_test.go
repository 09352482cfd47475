package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// What these tests do to a broker, they do at each boundary of an operation in
// turn: before a write of the store and after it. Processes that are really
// killed are the business of cmd/ohfpd.

var errDead = errors.New("the process is dead")

// boundaries lets something happen at boundary n, from 1, and counts them.
func boundaries(n int, happen func() error) (gate func(context.Context, string, bool) error, count func() int) {
	var passed, dead atomic.Int64
	return func(context.Context, string, bool) error {
		if int(passed.Add(1)) == n {
			if err := happen(); err != nil {
				dead.Store(1)
			}
		}
		if dead.Load() == 1 {
			return errDead
		}
		return nil
	}, func() int { return int(passed.Load()) }
}

// story is an operation that takes many steps.
type story struct {
	name  string
	begin func(*site) (body string) // what was before, and the request
	exist int                       // machines that exist in the end
	// short: whoever loses the record of its call cannot say what came of it
	// while the provider is down, and time may be over when it can.
	short bool
	fails bool // there are too few machines, so that none is left
}

var stories = []story{
	{
		name: "a create that two providers fill", exist: 5,
		begin: func(*site) string { return create(5, "") },
	},
	{
		name: "a create whose first provider is down", exist: 3, short: true,
		begin: func(s *site) string {
			s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
			return create(3, "")
		},
	},
	{
		name: "a create whose reply is lost", exist: 5,
		begin: func(s *site) string {
			s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true, Most: 2})
			return create(5, "")
		},
	},
	{
		name: "a create that fills slowly", exist: 5,
		begin: func(s *site) string {
			s.sims["a"].Script(sim.Create, sim.Step{Pending: true})
			s.sims["a"].Script(sim.Poll, sim.Step{Pending: true})
			return create(5, "")
		},
	},
	{
		name: "a create of all or nothing that two providers cannot fill", exist: 0, fails: true,
		begin: func(s *site) string {
			s.sims["b"].SetFree(1)
			s.sims["a"].Script(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
			return `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t", "count": 5, "all_or_nothing": true}}`
		},
	},
	{
		name: "a create to which fewer are enough", exist: 3,
		begin: func(s *site) string {
			s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true, Most: 2})
			return `{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t", "count": 5, "min_count": 3}}`
		},
	},
	{
		name: "a termination at two owners", exist: 0,
		begin: func(s *site) string {
			v, _ := s.execute(create(5, ""))
			s.sims["a"].Script(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
			return end(machines(v)...)
		},
	},
}

// steps counts the boundaries of a story in which nothing goes wrong.
func (st story) steps(t *testing.T) (n int) {
	t.Helper()
	inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		body := st.begin(s)
		gate, count := boundaries(-1, nil)
		s.store.setGate(gate)
		_, code := s.execute(body)
		s.equal(st.fails, code != "")
		n = count()
		s.truth(st.exist)
	})
	if n < 8 {
		t.Fatalf("%d boundaries: the story is too short", n)
	}
	return n
}

func TestAnOperationSurvivesTheEndOfItsProcessAtEveryBoundary(t *testing.T) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			steps := st.steps(t)
			for n := 1; n <= steps; n++ {
				inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
					body := st.begin(s)
					before := s.exist()
					gate, _ := boundaries(n, func() error { return errDead })
					s.store.setGate(gate)
					_, err := s.call("executeProviderOperation", body, key("k"))
					s.stop()
					if err == nil && n == 1 {
						s.Fatal("the process died and answered")
					}
					next := s.open(s.T)
					if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
						s.Fatal(err)
					}
					pass(20 * time.Second)
					synctest.Wait()
					if n == 1 { // it died before the claim: nothing happened
						s.equal(before, s.exist())
						return
					}
					v, _ := next.execute(body, key("k"))
					if st.short && v.Status == broker.OpUnknown {
						s.sims["a"].Reset()
						v = next.later(v.ID, 5)
						s.equal(broker.OpFailed, v.Status)
						next.truth(0)
						return
					}
					if want := map[bool]broker.OperationStatus{true: broker.OpFailed, false: broker.OpSucceeded}[st.fails]; v.Status != want {
						s.Errorf("died at boundary %d: %s %q", n, v.Status, attempts(v))
					}
					next.truth(st.exist)
				})
			}
		})
	}
}

func (w *world) exist() (n int) {
	for _, p := range w.sims {
		n += len(p.Exist())
	}
	return n
}

// A worker, a settling or a handler stands still at one boundary, and goes on
// when others have long taken over. Two brokers share the ledger, and each has
// its reconciler.
func TestNothingIsMadeTwiceByWhoStandsStillAtAnyBoundary(t *testing.T) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			steps := st.steps(t)
			for n := 2; n <= steps; n++ { // from the claim on
				still := []time.Duration{31 * time.Second, 9 * time.Second}[n/2%2] // before and after a write
				inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
					st.standStill(s, n, still)
				})
			}
		})
	}
}

func (st story) standStill(s *site, n int, still time.Duration) {
	body := st.begin(s)
	gate, _ := boundaries(n, func() error { pass(still); return nil })
	s.store.setGate(gate)
	other := s.open(s.T)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.call("executeProviderOperation", body, key("k"))
	}()
	for range 5 {
		pass(17 * time.Second)
		other.tick()
		s.tick()
	}
	<-done
	pass(still)
	other.tick()
	a, err := other.call("executeProviderOperation", body, key("k"))
	v := broker.OperationView{}
	if err == nil {
		v = decode[broker.OperationView](s, a.Body)
	} else if view, ok := err.Extra["operation"].(broker.OperationView); ok {
		v = view
	}
	if v.Status.Open() || v.Status == "" {
		s.Errorf("stood still at boundary %d for %s: %q %v", n, still, v.Status, err)
	}
	if st.exist == 0 {
		other.truth(0)
		return
	}
	other.truth(len(machines(v)))
	if len(machines(v)) > st.exist {
		s.Errorf("stood still at boundary %d for %s: %d machines", n, still, len(machines(v)))
	}
	if s.Failed() {
		s.Logf("boundary %d, still %s: %s %v", n, still, v.Status, attempts(v))
	}
}
