package counts_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/inprocess"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/static"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
	"github.com/openhostfactory/ohfp/shared/store/dynamo/meter"
)

const endpointVariable = "AWS_ENDPOINT_URL_DYNAMODB"

// A site is a broker as it lives on AWS, in one process: each function has a
// store of its own, as each has a process of its own there, with a meter
// between it and DynamoDB Local. Its pools have four hosts each. Its clock
// goes on by a millisecond whenever it is read.
type site struct {
	*testing.T
	table     string
	functions map[string]*function
	steps     local.Functions
	runner    *local.Runner
	flows     local.Flows

	mu          sync.Mutex
	now         time.Time
	ids         int
	invocations []invocation
	states      []int // of each execution that ended
}

// function is one function with its own way to the table.
type function struct {
	meter *meter.Meter
	serve op.Endpoint
}

// invocation is one run of a function.
type invocation struct {
	function string
	calls    []meter.Call
}

func newSite(t *testing.T, pools int) *site {
	t.Helper()
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Skip("NOT TESTED: what requests cost on DynamoDB, because " + endpointVariable + " is not set. Run `make test-dynamodb`: it starts DynamoDB Local.")
	}
	// Noon of today: no test sees midnight, and nothing has expired by the
	// clock of DynamoDB.
	s := &site{
		T: t, table: "ohfp-test-" + uuid.NewString(), functions: map[string]*function{}, steps: local.Functions{},
		now: time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour),
	}
	c := client(endpoint)
	if err := dynamo.CreateTable(t.Context(), c, s.table); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteTable(context.Background(), &ddb.DeleteTableInput{TableName: awssdk.String(s.table)}); err != nil {
			t.Error(err)
		}
	})
	runner, err := local.New(local.Options{
		Invoker: s.steps, Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Ended: func(_ local.Execution, r local.Result) { s.ended(r) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.runner = runner
	s.flows = local.Flows{Runner: runner, Functions: s.steps, Probe: catalog.Functions(kinds).Probe, Now: s.clock}
	for i, described := range catalog.All() {
		for _, name := range catalog.FunctionsOf(described.Describe(), kinds) {
			s.add(name, i, endpoint)
		}
	}
	s.furnish(pools)
	return s
}

var kinds = []string{"static"}

func client(endpoint string) *ddb.Client {
	keys := awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})
	return ddb.New(ddb.Options{Region: "us-east-1", BaseEndpoint: awssdk.String(endpoint), Credentials: keys})
}

// add makes the function of row i of the catalogue.
func (s *site) add(name string, i int, endpoint string) {
	s.Helper()
	m, err := meter.New(endpoint)
	if err != nil {
		s.Fatal(err)
	}
	door := httptest.NewServer(m)
	s.Cleanup(door.Close)
	store, err := dynamo.Open(s.Context(), dynamo.Options{Table: s.table, Client: client(door.URL), Now: s.clock})
	if err != nil {
		s.Fatal(err)
	}
	e := catalog.Bind(s.rooms(name, store))[i]
	s.functions[name] = &function{meter: m, serve: e}
	e.Serve = func(ctx context.Context, c op.Call, body []byte) (op.Answer, error) {
		return s.invoke(ctx, name, c, body)
	}
	s.steps[name] = local.Step(e, slog.New(slog.DiscardHandler))
}

// rooms are those of the process of a function.
func (s *site) rooms(function string, store *dynamo.Store) catalog.Services {
	s.Helper()
	pools, err := static.New(static.Options{Leases: store, Machines: store, Now: s.clock})
	if err != nil {
		s.Fatal(err)
	}
	drivers, err := providers.NewSet(pools)
	if err != nil {
		s.Fatal(err)
	}
	return inprocess.Rooms(inprocess.Options{
		Store: store, Drivers: drivers, Kinds: kinds, Environment: function, Now: s.clock, NewID: s.newID,
		Jitter: func() float64 { return 0.5 }, Log: slog.New(slog.DiscardHandler),
	}, s.flows)
}

// furnish registers so many pools, the first of which is asked first, and a
// template.
func (s *site) furnish(pools int) {
	s.Helper()
	for _, name := range []string{"pool-a", "pool-b"}[:pools] {
		var hosts []string
		for h := range 4 {
			hosts = append(hosts, fmt.Sprintf(`{"name": "%s-%d", "address": "192.0.2.%d", "attributes": {"ncpus": 8}}`, name, h, 1+h))
		}
		s.ask("register-provider-strategy", fmt.Sprintf(
			`{"strategy_name": %q, "provider_type": "static", "strategy_config": {"hosts": [%s], "check": {"kind": "none"}}}`,
			name, strings.Join(hosts, ", ")))
	}
	s.ask("register-template", `{"template_id": "web", "attributes": {"ncpus": 4}}`)
	for _, f := range s.functions {
		f.meter.Take() // what its process read when it started
	}
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(time.Millisecond)
	return s.now
}

// pass moves the clock.
func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// newID makes ids that are as long as those of a site.
func (s *site) newID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids++
	return fmt.Sprintf("01980000-0000-7000-8000-%012d", s.ids)
}

// invoke runs a function and notes what it asked of DynamoDB. Its place is
// that of its beginning.
func (s *site) invoke(ctx context.Context, name string, c op.Call, body []byte) (op.Answer, error) {
	f := s.functions[name]
	s.mu.Lock()
	n := len(s.invocations)
	s.invocations = append(s.invocations, invocation{function: name})
	s.mu.Unlock()
	a, err := f.serve.Serve(ctx, c, body)
	calls := f.meter.Take()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.invocations[n].calls = calls
	return a, err
}

// ask sends a request as a user does, and fails the test when it is refused.
func (s *site) ask(function, body string, with ...func(*op.Call)) []byte {
	s.Helper()
	c := op.Call{Principal: "ada", Role: op.Admin, RequestID: "r"}
	for _, f := range with {
		f(&c)
	}
	a, err := s.invoke(s.Context(), function, c, []byte(body))
	if err != nil {
		s.Fatalf("%s: %v", function, err)
	}
	return a.Body
}

func key(k string) func(*op.Call) { return func(c *op.Call) { c.IdempotencyKey, c.BodyHash = k, k } }

// take returns what was invoked, and how many states each execution entered,
// and forgets both.
func (s *site) take() ([]invocation, []int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, n := s.invocations, s.states
	s.invocations, s.states = nil, nil
	return i, n
}

func (s *site) ended(r local.Result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states = append(s.states, r.States)
}

// run walks a workflow of the schedule to its end.
func (s *site) run(machine, input string) {
	s.Helper()
	e := local.Execution{Name: machine, Machine: machine, Input: json.RawMessage(input), Timeout: time.Minute}
	if err := s.runner.Start(s.Context(), e); err != nil {
		s.Fatal(err)
	}
	if err := s.runner.Wait(s.Context(), machine); err != nil {
		s.Fatal(err)
	}
}

// create makes machines and returns their ids.
func (s *site) create(n int, more string, with ...func(*op.Call)) []string {
	s.Helper()
	body := s.ask("execute-provider-operation", fmt.Sprintf(
		`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "web", "count": %d}%s}`, n, more), with...)
	var v broker.OperationView
	if err := json.Unmarshal(body, &v); err != nil {
		s.Fatal(err)
	}
	var ids []string
	for _, m := range v.Result.Machines {
		ids = append(ids, m.ID)
	}
	if len(ids) != n {
		s.Fatalf("want %d machines, got %s", n, body)
	}
	return ids
}

// request asks for machines as a scheduler does, and waits until they are there.
func (s *site) request(n int) (id string) {
	s.Helper()
	var v struct {
		RequestID string `json:"request_id"`
	}
	if err := json.Unmarshal(s.ask("request-machines", fmt.Sprintf(`{"template_id": "web", "machine_count": %d}`, n)), &v); err != nil {
		s.Fatal(err)
	}
	if err := s.runner.Wait(s.Context(), v.RequestID); err != nil {
		s.Fatal(err)
	}
	return v.RequestID
}

// about asks something about machines.
func (s *site) about(operation string, ids []string) {
	s.Helper()
	list, err := json.Marshal(slices.Sorted(slices.Values(ids)))
	if err != nil {
		s.Fatal(err)
	}
	s.ask("execute-provider-operation", fmt.Sprintf(`{"operation_type": %q, "parameters": {"machine_ids": %s}}`, operation, list))
}
