package localhost_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
)

const (
	localToken     = "local-token-0123456789"
	readerToken    = "reader-token-0123456789"
	schedulerToken = "scheduler-token-0123456789"
	operatorToken  = "operator-token-0123456789"
	secretCause    = "dial /var/lib/secret.sock"
)

func fixedNow() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// site is a server whose endpoints remember what they were given.
type site struct {
	t      testing.TB
	server *localhost.Server
	log    *syncBuffer
	mu     sync.Mutex
	call   op.Call
	body   string
	served int
}

// newSite makes a site; change may alter its configuration.
func newSite(t testing.TB, change func(*localhost.Config)) *site {
	t.Helper()
	s := &site{t: t, log: &syncBuffer{}}
	cfg := localhost.Config{
		Endpoints: s.endpoints(),
		OpenAPI:   []byte(`{"openapi":"3.1.0"}`),
		Auth:      tokens(t),
		Hosts:     []string{"broker.example"},
		Ready:     func() error { return nil },
		Log:       telemetry.New(s.log, slog.LevelDebug),
		Now:       fixedNow,
	}
	if change != nil {
		change(&cfg)
	}
	server, err := localhost.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	return s
}

func tokens(t testing.TB) *localhost.Tokens {
	t.Helper()
	lines := "# principals\n\n" + line("watcher", "reader", readerToken) + line("slurm", "scheduler", schedulerToken) + line("ops", "operator", operatorToken)
	parsed, err := localhost.ParseTokens([]byte(localToken+"\n"), []byte(lines))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func line(name, role, token string) string {
	sum := sha256.Sum256([]byte(token))
	return name + " " + role + " " + hex.EncodeToString(sum[:]) + "\n"
}

type listIn struct {
	Name  string `json:"name,omitempty" doc:"Name."`
	Limit int    `json:"limit,omitempty" doc:"Most."`
}

func (s *site) endpoints() []op.Endpoint {
	in := reflect.TypeFor[listIn]()
	return []op.Endpoint{
		{Spec: op.Spec{Name: "listThings", Kind: op.Query, Role: op.Reader}, In: in, Serve: s.remember},
		{Spec: op.Spec{Name: "registerThing", Kind: op.Command, Role: op.Operator}, In: in, Serve: s.remember},
		{Spec: op.Spec{Name: "largeThing", Kind: op.Command, Role: op.Scheduler, MaxBody: 4 << 20}, In: in, Serve: s.remember},
		{Spec: op.Spec{Name: "executeProviderOperation", Kind: op.Command, Role: op.Scheduler, Async: true}, In: in, Serve: s.accept},
		{Spec: op.Spec{Name: "panicThing", Kind: op.Command, Role: op.Reader}, In: in, Serve: func(context.Context, op.Call, []byte) (op.Answer, error) {
			panic("lost " + secretCause)
		}},
		{Spec: op.Spec{Name: "brokenThing", Kind: op.Command, Role: op.Reader}, In: in, Serve: func(context.Context, op.Call, []byte) (op.Answer, error) {
			return op.Answer{}, errors.New(secretCause)
		}},
		{Spec: op.Spec{Name: "noCapacity", Kind: op.Command, Role: op.Reader}, In: in, Serve: func(context.Context, op.Call, []byte) (op.Answer, error) {
			return op.Answer{}, &fault.Error{Code: fault.NoProviderAvailable, Detail: "All are full.", RetryAfter: 1500 * time.Millisecond}
		}},
	}
}

func (s *site) remember(_ context.Context, call op.Call, body []byte) (op.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.call, s.body = call, string(body)
	s.served++
	return op.Answer{Status: http.StatusOK, Body: []byte(`{"ok":true}`)}, nil
}

func (s *site) accept(ctx context.Context, call op.Call, body []byte) (op.Answer, error) {
	a, err := s.remember(ctx, call, body)
	if call.Async {
		a.Status, a.Location = http.StatusAccepted, "/v1/queries/getOperation?operation_id=op-1"
	}
	return a, err
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}

// ask is one request; empty fields have the usual values.
type ask struct {
	method, path, body string
	token              string // "-": none
	host               string
	header             http.Header
}

func (s *site) do(a ask) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), a.method, a.path, strings.NewReader(a.body))
	r.Host = "127.0.0.1:8080"
	if a.host != "" {
		r.Host = a.host
	}
	if a.token != "-" {
		r.Header.Set("Authorization", "Bearer "+orElse(a.token, localToken))
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range a.header {
		r.Header[k] = v
		if len(v) == 0 {
			delete(r.Header, k)
		}
	}
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	return w.Result()
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

type problem struct {
	Status int           `json:"status"`
	Code   fault.Code    `json:"code"`
	Detail string        `json:"detail"`
	Errors []fault.Field `json:"errors"`
	Retry  int           `json:"retry_after_seconds"`
}

func readProblem(t testing.TB, res *http.Response) problem {
	t.Helper()
	if got := res.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("Content-Type = %q, status %d", got, res.StatusCode)
	}
	var p problem
	if err := json.NewDecoder(res.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// syncBuffer is a log that several goroutines may write and read.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
