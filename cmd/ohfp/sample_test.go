package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/op"
)

type feedIn struct {
	Animal string            `json:"animal" doc:"Who eats." required:"true"`
	Grams  int               `json:"grams" doc:"How much." min:"1" default:"100"`
	Sick   bool              `json:"sick,omitempty" doc:"Whether it is sick."`
	Mood   string            `json:"mood,omitempty" doc:"How it is." enum:"CALM,WILD"`
	Foods  []string          `json:"foods,omitempty" doc:"What."`
	Cage   cage              `json:"home_cage,omitzero" doc:"Where."`
	Tags   map[string]string `json:"tags,omitempty" doc:"Tags."`
	Later  bool              `json:"later,omitempty" doc:"Later." planned:"not built"`
}

type cage struct {
	Number int `json:"number" doc:"Which."`
}

type statusIn struct {
	RequestID string `json:"request_id,omitempty" doc:"Of which request."`
}

type recordIn struct {
	OperationID string `json:"operation_id" doc:"Which." required:"true"`
}

type collidesIn struct {
	Data string `json:"data" doc:"Data."`
}

type zoo struct{}

type out struct{}

func handler[In any](zoo, context.Context, In) (out, error) { return out{}, nil }

// sample is a catalogue with each kind of operation.
func sample() []op.Described {
	return []op.Described{
		op.Define(op.Spec{Name: "feedAnimal", Kind: op.Command, Summary: "Feed an animal", Async: true, Examples: []op.Example{
			{Title: "It's a bear", Body: `{"animal":"b'ear"}`, Async: true},
		}}, handler[feedIn]),
		op.Define(op.Spec{Name: "getRequestStatus", Kind: op.Query, Summary: "Ask for a request"}, handler[statusIn]),
		op.Define(op.Spec{Name: "getOperation", Kind: op.Query, Summary: "Show an operation"}, handler[recordIn]),
		op.Define(op.Spec{Name: "cleanCage", Kind: op.Step, Summary: "Never seen"}, handler[recordIn]),
		op.Define(op.Spec{Name: "collide", Kind: op.Command, Summary: "Wrong"}, handler[collidesIn]),
	}
}

// seen is one request as a broker got it.
type seen struct {
	method, uri, body string
	header            http.Header
}

// fakeBroker answers with what it was given, the last answer again and again.
type fakeBroker struct {
	*httptest.Server
	mu      sync.Mutex
	answers []reply
	got     []seen
}

type reply struct {
	status         int
	body, location string
	hang           bool // no answer: the connection is cut
}

func newBroker(t *testing.T, answers ...reply) *fakeBroker {
	t.Helper()
	b := &fakeBroker{answers: answers}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *fakeBroker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	b.got = append(b.got, seen{r.Method, r.RequestURI, string(body), r.Header})
	a := b.answers[0]
	if len(b.answers) > 1 {
		b.answers = b.answers[1:]
	}
	if a.hang {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
}

// result is one run of the client.
type result struct {
	exit           int
	stdout, stderr string
	pauses         []time.Duration
}

// shell is where the client is started.
type shell struct {
	env   map[string]string
	stdin string
	tty   bool
	stop  error // what ends each pause: an interrupt
	real  bool  // the catalogue that ships
}

func (s shell) run(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	var r result
	env := map[string]string{"HOME": t.TempDir()}
	for k, v := range s.env {
		env[k] = v
	}
	ops := sample()
	if s.real {
		ops = operations()
	}
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	r.exit = run(t.Context(), process{
		args: args, env: func(name string) string { return env[name] }, environ: func() (all []string) {
			for k, v := range env {
				all = append(all, k+"="+v)
			}
			return all
		},
		stdin: strings.NewReader(s.stdin), stdout: &stdout, stderr: &stderr,
		stdoutTTY: s.tty, stderrTTY: s.tty, width: 100, now: func() time.Time { return noon },
		pause:  func(_ context.Context, d time.Duration) error { r.pauses = append(r.pauses, d); return s.stop },
		newKey: func() string { return "made-key" },
	}, ops)
	r.stdout, r.stderr = stdout.String(), stderr.String()
	return r
}

// call runs the client against b.
func (b *fakeBroker) call(t *testing.T, args ...string) result {
	t.Helper()
	return shell{env: map[string]string{"OHFP_ENDPOINT": b.URL}}.run(t, args...)
}

// code is the code of the problem document on stdout, which must be JSON.
func (r result) code(t *testing.T) string {
	t.Helper()
	var doc struct{ Code string }
	if err := json.Unmarshal([]byte(r.stdout), &doc); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, r.stdout)
	}
	return doc.Code
}

// calls returns what was asked so far.
func (b *fakeBroker) calls() []seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}

func (b *fakeBroker) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = nil
}
