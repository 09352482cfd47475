package storetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// start is when every test begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) time.Time { return start.Add(d) }

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// fixture is one store under test.
type fixture struct {
	*testing.T
	Store
	clock *clock
	dir   string
	open  Open
}

func newFixture(t *testing.T, open Open) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: &clock{t: start}, dir: t.TempDir(), open: open}
	f.Store = open(t, f.dir, f.clock.now)
	t.Cleanup(func() { f.ok(f.Close()) })
	return f
}

// restart closes the store and opens it again.
func (f *fixture) restart() {
	f.Helper()
	f.ok(f.Close())
	f.Store = f.open(f.T, f.dir, f.clock.now)
}

func (f *fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// same fails when want and got differ. Empty and absent lists are the same:
// a stored document has no empty ones.
func (f *fixture) same(want, got any) {
	f.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), rawJSON()); d != "" {
		f.Errorf("want (-), got (+):\n%s", d)
	}
}

// rawJSON compares raw JSON by meaning. What is empty or no JSON is left to
// the other rules.
func rawJSON() cmp.Option {
	both := func(a, b json.RawMessage) bool { return json.Valid(a) && json.Valid(b) }
	return cmp.FilterValues(both, cmp.Comparer(func(a, b json.RawMessage) bool {
		var x, y any
		return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
	}))
}

// refused fails unless err is a fault of that code.
func (f *fixture) refused(err error, code fault.Code) {
	f.Helper()
	if !fault.Is(err, code) {
		f.Errorf("want %s, got: %v", code, err)
	}
}

// conflict fails unless err is a conflict with current.
func (f *fixture) conflict(err error, current any) {
	f.Helper()
	c, ok := errors.AsType[*broker.Conflict](err)
	if !ok {
		f.Errorf("want a conflict, got: %v", err)
		return
	}
	f.same(current, c.Current)
	if c.What == "" {
		f.Error("the conflict does not say what is in conflict")
	}
}

// must returns v, which came without an error.
func must[T any](f *fixture) func(v T, err error) T {
	return func(v T, err error) T {
		f.Helper()
		f.ok(err)
		return v
	}
}

func registration(name string) broker.Registration {
	price := 0.25
	return broker.Registration{
		Name: name, Kind: "static", Config: json.RawMessage(`{"hosts":[{"address":"10.0.0.1:22"}],"note":"<a&b>"}`),
		Capabilities: map[string]any{"gpu": true, "max_cpus": float64(64), "os": "linux"},
		Priority:     3, Weight: 2, Enabled: true, Zone: "rack-1", PricePerHour: &price,
		HealthCheckInterval: 90 * time.Second, Tags: map[string]string{"site": "north"},
		RegisteredAt: start, UpdatedAt: start,
		Actor: broker.Actor{Principal: "ada", SourceIP: "127.0.0.1", RequestID: "r-1"},
	}
}

func operation(id string, created time.Time) broker.Operation {
	return broker.Operation{
		ID: id, Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: 3, TemplateID: "small",
		Candidates: []broker.Candidate{{Provider: "pool-a", Kind: "static", Spec: &broker.CreateSpec{BrokerID: "b", OperationID: id}}},
		Deadline:   created.Add(time.Minute), CreatedAt: created, DueAt: created.Add(30 * time.Second),
		Context: map[string]string{"zone": "rack-1"}, Policy: broker.RoundRobin, Actor: broker.Actor{Principal: "ada"},
	}
}

func attempt(n int) broker.Attempt {
	return broker.Attempt{
		N: n, Run: 1, Provider: "pool-a", Kind: "static", Count: 3, Token: fmt.Sprintf("token-%d", n), State: broker.Intent,
		Spec:      &broker.CreateSpec{Token: fmt.Sprintf("token-%d", n), Count: 3, Tags: map[string]string{"a": "b"}},
		CreatedAt: start,
	}
}

func decision() broker.Decision {
	return broker.Decision{
		Policy: broker.RoundRobin, Ticket: 7, TakenAt: start, Snapshot: "abc", Ranked: []string{"pool-a"},
		Verdicts: []broker.Verdict{{Provider: "pool-a", Rank: 1}, {Provider: "pool-b", Rule: "zone", Value: "x"}},
		Evidence: json.RawMessage(`{"rules":1,"providers":[{"name":"pool-a"},{"name":"pool-b"}]}`),
	}
}

func claim(o broker.Operation, attempts ...broker.Attempt) broker.Claim {
	return broker.Claim{Operation: o, Decision: decision(), Attempts: attempts, Now: o.CreatedAt}
}

func machine(id, provider string, status broker.MachineStatus) broker.Machine {
	return broker.Machine{
		ID: id, Name: "host-" + id, Provider: provider, Status: status, PrivateIP: "10.0.0.7",
		LaunchTime: start, OperationID: "op", Attempt: 1, UpdatedAt: start,
	}
}

func lease(provider, host, machine string) broker.Lease {
	return broker.Lease{
		Provider: provider, Host: host, MachineID: machine, Token: "t", OperationID: "op", Attempt: 1,
		TakenAt: start, Until: at(time.Hour),
	}
}

func keyRecord(k broker.Key) broker.KeyRecord {
	return broker.KeyRecord{Key: k, Hash: "h", LeaseUntil: at(time.Minute), ExpiresAt: at(24 * time.Hour)}
}

// claimed stores an operation with one attempt and returns both.
func (f *fixture) claimed(id string) (broker.Operation, broker.Attempt) {
	f.Helper()
	o, a := operation(id, f.clock.now()), attempt(1)
	f.ok(f.ClaimOperation(f.Context(), claim(o, a)))
	return o, a
}

// ledger reads an operation that is there.
func (f *fixture) ledger(id string) broker.Ledger {
	f.Helper()
	return must[broker.Ledger](f)(f.Ledger(f.Context(), id))
}
