package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// A site is a whole broker but its door and its drivers: the catalogue over a
// SQLite store, the deployed workflow files, and simulated providers. It lives
// in a bubble of testing/synctest, so that time passes when everybody waits.
type site struct {
	*testing.T
	*world
	local.Flows

	store    *spy
	runner   *local.Runner
	steps    local.Functions
	serve    map[string]op.Endpoint
	command  command.Service
	dispatch dispatch.Service
}

// world is what several brokers may share: the store, and who makes machines.
type world struct {
	stored storetest.Store
	sims   map[string]*sim.Provider
	around map[string]func(providers.Driver) providers.Driver // by provider: what stands before it
	lag    time.Duration
	ids    atomic.Int64
	opened atomic.Int64
}

const kind = "static"

// inSite runs a test at a site with providers that have so much room each, of
// equal priority, and a template "t".
func inSite(t *testing.T, room map[string]int, test func(*site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		set(t, newWorld(t, db, room), room, test)
	})
}

// inMemory is inSite without a file, for tests that begin anew many times. Its
// store passes the same suite.
func inMemory(t *testing.T, room map[string]int, test func(*site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { set(t, newWorld(t, storetest.NewMemory(time.Now), room), room, test) })
}

func set(t *testing.T, w *world, room map[string]int, test func(*site)) {
	t.Helper()
	s := w.open(t)
	for _, name := range slices.Sorted(maps.Keys(room)) {
		s.ok(s.call("registerProviderStrategy", registration(name)))
	}
	s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}}`))
	s.store.reset()
	test(s)
}

func newWorld(t *testing.T, db storetest.Store, room map[string]int) *world {
	t.Helper()
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	began := time.Now()
	t.Cleanup(func() {
		synctest.Wait()                            // a step ends after its workflow that was stopped
		if time.Since(began) < broker.EventsKept { // whatever the test was about
			checkEvents(t, db)
		}
	})
	w := &world{stored: db, sims: map[string]*sim.Provider{}, around: map[string]func(providers.Driver) providers.Driver{}}
	for name, free := range room {
		w.sims[name] = sim.New(sim.Options{Name: name, Free: free, Now: time.Now})
	}
	return w
}

func registration(name string) string {
	return fmt.Sprintf(`{"strategy_name": %q, "provider_type": "static", "strategy_config": {"hosts": [{"name": "h", "address": "192.0.2.1", "attributes": {"ncpus": 8}}], "check": {"kind": "none"}}}`, name)
}

// open starts a broker in the world. Several may live at a time.
func (w *world) open(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, world: w, store: newSpy(w.stored), serve: map[string]op.Endpoint{}}
	b, err := inprocess.New(inprocess.Options{
		Store: s.store, Drivers: w, Kinds: []string{kind}, Environment: w.environment(),
		Now: time.Now, NewID: w.newID, Jitter: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Flows, s.runner, s.steps, s.command, s.dispatch = b.Flows, b.Runner, b.Functions, b.Rooms.Command, b.Rooms.Dispatch
	t.Cleanup(s.stop)
	for _, e := range b.Endpoints {
		s.serve[e.Spec.Name] = e
	}
	return s
}

// environment tells the brokers of a world apart: each open one is another.
func (w *world) environment() string { return fmt.Sprint("environment-", w.opened.Add(1)) }

// stop ends the broker as a process that is stopped in the middle of its work.
func (s *site) stop() {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.runner.Stop(over); err != nil && !errors.Is(err, context.Canceled) {
		s.Error(err)
	}
}

func (w *world) newID() string {
	return fmt.Sprintf("op-%d", w.ids.Add(1))
}

// Driver opens a simulated provider with what the test put before it.
func (w *world) Driver(r broker.Registration) (providers.Driver, error) {
	p, ok := w.sims[r.Name]
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no provider %q", r.Name)
	}
	if f := w.around[r.Name]; f != nil {
		return f(p), nil
	}
	return p, nil
}

func (w *world) Traits(string) providers.Traits { return providers.Traits{ConsistencyLag: w.lag} }

// call sends a request as a user does.
func (s *site) call(name, body string, with ...func(*op.Call)) (op.Answer, *fault.Error) {
	s.Helper()
	c := op.Call{Principal: "ada", Role: op.Admin, RequestID: "r"}
	for _, f := range with {
		f(&c)
	}
	a, err := s.serve[name].Serve(s.Context(), c, []byte(body))
	return a, fault.As(err)
}

func async(c *op.Call) { c.Async = true }

func key(k string) func(*op.Call) { return func(c *op.Call) { c.IdempotencyKey = k } }

// ok fails the test when a call was refused.
func (s *site) ok(a op.Answer, err *fault.Error) op.Answer {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
	return a
}

// refused fails the test unless a call was refused with that code, and returns
// how.
func (s *site) refused(code fault.Code, a op.Answer, err *fault.Error) fault.Error {
	s.Helper()
	if err == nil {
		s.Fatalf("want %s, got %d %s", code, a.Status, a.Body)
	}
	if err.Code != code {
		s.Fatalf("want %s, got %v", code, err)
	}
	return *err
}

// execute runs an operation and returns it, whatever became of it.
func (s *site) execute(body string, with ...func(*op.Call)) (broker.OperationView, fault.Code) {
	s.Helper()
	a, err := s.call("executeProviderOperation", body, with...)
	if err != nil {
		v, ok := err.Extra["operation"].(broker.OperationView)
		if !ok {
			s.Fatalf("no operation: %v", err)
		}
		if err.OperationID != v.ID {
			s.Errorf("the problem names operation %q, and holds %q", err.OperationID, v.ID)
		}
		return v, err.Code
	}
	return decode[broker.OperationView](s, a.Body), ""
}

func decode[T any](s *site, body []byte) (v T) {
	s.Helper()
	if err := json.Unmarshal(body, &v); err != nil {
		s.Fatalf("%v: %s", err, body)
	}
	return v
}

// get reads an operation as a user does.
func (s *site) get(id string) broker.OperationView {
	s.Helper()
	return decode[broker.OperationView](s, s.ok(s.call("getOperation", fmt.Sprintf(`{"operation_id": %q}`, id))).Body)
}

// create asks for machines; more are members of the request.
func create(n int, more string) string {
	return fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t", "count": %d}%s}`, n, more)
}

// pass lets time pass, while whoever waits for a part of it goes on.
func pass(d time.Duration) { time.Sleep(d) }

// tick is the reconciler's turn, and what it started.
func (s *site) tick() {
	s.Helper()
	if _, err := s.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{}`)); err != nil {
		s.Fatal(err)
	}
	synctest.Wait()
}

// later ticks each minute until an operation is closed.
func (s *site) later(id string, ticks int) broker.OperationView {
	s.Helper()
	for range ticks {
		if v := s.get(id); !v.Status.Open() {
			return v
		}
		pass(time.Minute)
		s.tick()
	}
	pass(time.Minute)
	return s.get(id)
}

// machines are the ids of an operation's machines.
func machines(v broker.OperationView) (ids []string) {
	if v.Result == nil {
		return nil
	}
	for _, m := range v.Result.Machines {
		ids = append(ids, m.ID)
	}
	return ids
}

// truth fails the test unless what exists is what is recorded, and is n.
func (s *site) truth(n int) {
	s.Helper()
	var exist, recorded []string
	for name, p := range s.sims {
		exist = append(exist, p.Exist()...)
		owned, err := s.stored.OwnedMachines(s.Context(), name, 1000)
		if err != nil {
			s.Fatal(err)
		}
		for _, m := range owned {
			recorded = append(recorded, m.ID)
		}
	}
	slices.Sort(exist)
	slices.Sort(recorded)
	s.equal(exist, recorded)
	if len(exist) != n {
		s.Errorf("want %d machines, %d exist", n, len(exist))
	}
}

// calls fails the test unless a provider's method was called so often.
func (s *site) calls(provider string, c sim.Call, want int) {
	s.Helper()
	if got := s.sims[provider].Calls(c); got != want {
		s.Errorf("%s of %s: want %d calls, got %d", c, provider, want, got)
	}
}

func (s *site) equal(want, got any) {
	s.Helper()
	if d := cmp.Diff(want, got); d != "" {
		s.Errorf("want (-), got (+):\n%s", d)
	}
}

// attempts tells an operation's attempts: provider, outcome, machines.
func attempts(v broker.OperationView) (told []string) {
	for _, a := range v.Attempts {
		told = append(told, fmt.Sprintf("%s %s %d/%d %s", a.Provider, a.Outcome, a.Machines, a.Count, a.Class))
	}
	return told
}

func fails(c fault.Class, sent bool) *fault.ProviderError {
	return &fault.ProviderError{Class: c, Sent: sent, Code: "scripted", Message: "as the test wants"}
}
