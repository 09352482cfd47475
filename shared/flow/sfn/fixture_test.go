package sfn_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/flow/sfn"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
	"github.com/openhostfactory/ohfp/statemachines"
)

// canary stands in everything that an execution carries, and in no log.
const canary = "canary-6f1d"

const arnPrefix = "arn:aws:states:us-east-1:000000000000:stateMachine:"

// aws is Step Functions with functions, a ledger and a line between, all in
// memory, so that a test may run on virtual time.
type aws struct {
	t         testing.TB
	states    http.Handler
	ledger    *ledger
	log       *log
	functions local.Functions

	mu       sync.Mutex
	requests []string  // actions, in the order in which they came
	bodies   []string  // of the requests
	troubles []trouble // of the requests to come; then there are none
	ended    []string  // machine and status of each execution
}

// trouble befalls one request.
type trouble string

const (
	none        trouble = ""
	throttle    trouble = "a throttle"
	broken      trouble = "a 500"
	brokenAfter trouble = "a 500 after the effect"
	lost        trouble = "a lost answer"
	hang        trouble = "no answer"
)

func newAWS(t testing.TB) *aws {
	t.Helper()
	a := &aws{t: t, ledger: &ledger{operations: map[string]broker.OperationStatus{}}, log: &log{}}
	a.functions = local.Functions{
		"a": a.attempt(time.Second), "slow": a.attempt(time.Hour), "settle": a.settle, "due": answers(`{"providers": [{"function": "probe", "provider_name": "pool", "timeout_seconds": 7}]}`),
		"fails": func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, errors.New(canary) },
		"probe": answers(`{}`),
	}
	runner, err := local.New(local.Options{
		Invoker: a.functions, Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Ended: func(e local.Execution, r local.Result) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.ended = append(a.ended, e.Name+" "+string(r.Status()))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // what runs is of no interest
		if err := runner.Stop(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	a.states, err = statesapi.New(statesapi.Options{Runner: runner, Machines: map[string]statesapi.Machine{
		"execute":         {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Standard, Timeout: 24 * time.Hour},
		"execute-express": {Definition: statemachines.ExecuteWithFailover, Type: statesapi.Express, Timeout: 27 * time.Second},
		"health-check":    {Definition: statemachines.HealthCheck, Type: statesapi.Express, Timeout: 27 * time.Second},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func answers(text string) local.Function {
	return func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(text), nil }
}

// attempt takes a while and then closes its operation.
func (a *aws) attempt(d time.Duration) local.Function {
	return func(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		var in struct {
			OperationID string `json:"operation_id"`
		}
		if err := json.Unmarshal(payload, &in); err != nil {
			return nil, err
		}
		a.ledger.set(in.OperationID, broker.OpSucceeded)
		return json.RawMessage(`{}`), nil
	}
}

func (a *aws) settle(context.Context, json.RawMessage) (json.RawMessage, error) {
	return json.RawMessage(`{"operation_id": "", "decision": "STOP", "function": "", "attempt": 0, "run": 0,
		"action": "", "driver_timeout_ms": 0, "timeout_seconds": 0, "wait_seconds": 0}`), nil
}

// mutation is an execution whose attempt is made by the function given.
func mutation(id, function string) broker.Execution {
	return broker.Execution{
		Name: id, OperationID: id, Awaited: true,
		Input: json.RawMessage(`{"operation_id": "` + id + `", "functions": {"settle": "settle"}, "note": "` + canary + `",
			"current": {"operation_id": "` + id + `", "decision": "NEXT", "function": "` + function + `", "attempt": 1, "run": 1,
				"action": "create", "driver_timeout_ms": 5000, "timeout_seconds": 86400, "wait_seconds": 0}}`),
	}
}

// reading is the same for an operation that changes nothing.
func reading(id, function string) broker.Execution {
	e := mutation(id, function)
	e.ReadOnly = true
	return e
}

// ServeHTTP is Step Functions at the far end of a line that has troubles.
func (a *aws) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := &bytes.Buffer{}
	if _, err := body.ReadFrom(r.Body); err != nil {
		a.t.Error(err)
	}
	r.Body = http.MaxBytesReader(w, readCloser{bytes.NewReader(body.Bytes())}, 1<<20)
	switch a.next(r, body.String()) {
	case none:
		a.states.ServeHTTP(w, r)
	case throttle:
		refuse(w, http.StatusBadRequest, "ThrottlingException")
	case broken:
		refuse(w, http.StatusInternalServerError, "InternalServerError")
	case brokenAfter:
		a.states.ServeHTTP(discarded{}, r)
		refuse(w, http.StatusInternalServerError, "InternalServerError")
	case lost:
		a.states.ServeHTTP(discarded{}, r)
		panic(http.ErrAbortHandler)
	case hang:
		<-r.Context().Done()
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

// discarded is where answers go that nobody gets.
type discarded struct{}

func (discarded) Header() http.Header         { return http.Header{} }
func (discarded) Write(p []byte) (int, error) { return len(p), nil }
func (discarded) WriteHeader(int)             {}

func refuse(w http.ResponseWriter, status int, name string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"__type": "` + name + `", "message": "not now"}`))
}

func (a *aws) next(r *http.Request, body string) trouble {
	a.mu.Lock()
	defer a.mu.Unlock()
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions.")
	a.requests, a.bodies = append(a.requests, action), append(a.bodies, body)
	if len(a.troubles) == 0 {
		return none
	}
	t := a.troubles[0]
	a.troubles = a.troubles[1:]
	return t
}

// meet has the requests to come meet troubles, in turn.
func (a *aws) meet(troubles ...trouble) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.troubles = troubles
}

// seen returns the requests that came, and the executions that have ended.
func (a *aws) seen() (requests, ended []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string{}, a.requests...), append([]string{}, a.ended...)
}

// open returns Flows on a client of the SDK whose connections are pipes to a.
func (a *aws) open(change func(*sfn.Options)) *sfn.Flows {
	a.t.Helper()
	l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: a, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = server.Serve(l) }()
	a.t.Cleanup(func() {
		if err := server.Close(); err != nil {
			a.t.Error(err)
		}
	})
	o := a.options()
	o.Client = awssfn.New(awssfn.Options{
		Region: "us-east-1", BaseEndpoint: awssdk.String("http://states.test"), Credentials: awssdk.AnonymousCredentials{},
		HTTPClient: awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return l.dial(ctx) }
		}),
	})
	if change != nil {
		change(&o)
	}
	f, err := sfn.New(o)
	if err != nil {
		a.t.Fatal(err)
	}
	return f
}

func (a *aws) options() sfn.Options {
	return sfn.Options{
		ExecuteStandard: arnPrefix + "execute", ExecuteExpress: arnPrefix + "execute-express", HealthCheck: arnPrefix + "health-check",
		Due: "due", Ledger: a.ledger, Log: slog.New(slog.NewJSONHandler(a.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

func begin(t testing.TB, f *sfn.Flows, e broker.Execution) {
	t.Helper()
	if err := f.StartOperation(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// ledger knows how operations stand.
type ledger struct {
	mu         sync.Mutex
	operations map[string]broker.OperationStatus
	reads      []time.Time
	fail       func(read int) error // from 0; nil: none fails
}

var _ broker.OperationReader = (*ledger)(nil)

func (l *ledger) set(id string, s broker.OperationStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.operations[id] = s
}

func (l *ledger) Ledger(_ context.Context, id string) (broker.Ledger, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads = append(l.reads, time.Now())
	if l.fail != nil {
		if err := l.fail(len(l.reads) - 1); err != nil {
			return broker.Ledger{}, err
		}
	}
	s, ok := l.operations[id]
	if !ok {
		return broker.Ledger{}, fault.New(fault.NotFound, "there is no operation %q", id)
	}
	return broker.Ledger{Operation: broker.Operation{ID: id, Status: s}}, nil
}

func (l *ledger) Operations(context.Context, broker.OperationFilter, broker.Page) ([]broker.Operation, string, error) {
	return nil, "", errors.New("nobody lists here")
}

// looks returns when the ledger was read, since then.
func (l *ledger) looks(since time.Time) []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []time.Duration
	for _, at := range l.reads {
		all = append(all, at.Sub(since))
	}
	return all
}

// log gathers lines for the test to read.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns what was logged, less the times, and insists that no line
// holds the canary.
func (l *log) lines(t testing.TB) []map[string]any {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if strings.Contains(l.text.String(), canary) {
		t.Errorf("the log tells what an execution carried:\n%s", l.text.String())
	}
	var all []map[string]any
	for line := range strings.Lines(l.text.String()) {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		delete(m, "time")
		all = append(all, m)
	}
	return all
}
