package runtimeapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

// built holds the binaries that TestMain made: real functions, as they are
// deployed.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "runtimeapi")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := os.RemoveAll(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	built = dir
	for _, name := range []string{"zoo", "empty"} {
		c := exec.Command("go", "build", "-tags", "lambda.norpc,grpcnotrace", "-trimpath", "-ldflags", "-s -w", "-o", binary(name), "./testdata/"+name)
		if out, err := c.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}

func binary(name string) string { return filepath.Join(built, name, "bootstrap") }

// zoo is a server of the function "zoo" with a log.
type zoo struct {
	*runtimeapi.Server
	output *syncBuffer
	log    *syncBuffer
}

// serve starts a server; change may alter the function and the options.
func serve(t testing.TB, change func(*runtimeapi.Function, *runtimeapi.Options)) *zoo {
	t.Helper()
	z := &zoo{output: &syncBuffer{}, log: &syncBuffer{}}
	f := runtimeapi.Function{Name: "zoo", Bootstrap: binary("zoo"), Timeout: time.Minute}
	o := runtimeapi.Options{Output: z.output, InitTimeout: time.Minute, Log: slog.New(slog.NewJSONHandler(z.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: time.Now}
	if change != nil {
		change(&f, &o)
	}
	o.Functions = append(o.Functions, f)
	s, err := runtimeapi.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	z.Server = s
	return z
}

// reply is what the zoo answers.
type reply struct {
	PID   int    `json:"pid"`
	Calls int    `json:"calls"`
	Text  string `json:"text"`
}

func event(do, text string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"do":%q,"text":%q}`, do, text))
}

// ask invokes the zoo and wants an answer.
func (z *zoo) ask(t testing.TB, do, text string) reply {
	t.Helper()
	r, err := z.try(t.Context(), do, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (z *zoo) try(ctx context.Context, do, text string) (reply, error) {
	out, err := z.Invoke(ctx, "zoo", event(do, text))
	if err != nil {
		return reply{}, err
	}
	var r reply
	return r, json.Unmarshal(out, &r)
}

// fails invokes the zoo and wants an error of the function.
func (z *zoo) fails(t testing.TB, do, text string) *runtimeapi.FunctionError {
	t.Helper()
	r, err := z.try(t.Context(), do, text)
	e, ok := errors.AsType[*runtimeapi.FunctionError](err)
	if !ok {
		t.Fatalf("%+v, %v; want a FunctionError", r, err)
	}
	return e
}

// ended returns the processes that have, as the log tells, in that order.
func (z *zoo) ended(t testing.TB) (pids []int) {
	t.Helper()
	for line := range strings.Lines(z.log.String()) {
		var l struct {
			Msg string `json:"msg"`
			PID int    `json:"pid"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg == "a function's process ended" {
			pids = append(pids, l.PID)
		}
	}
	return pids
}

// gate is a file that functions await until it is opened.
type gate struct{ path string }

func newGate(t testing.TB) gate {
	t.Helper()
	return gate{filepath.Join(t.TempDir(), "open")}
}

func (g gate) open(t testing.TB) {
	t.Helper()
	if err := os.WriteFile(g.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// awaited waits until n calls await a gate.
func (z *zoo) awaited(t testing.TB, n int) {
	t.Helper()
	until(t, "functions at the gate", func() bool { return strings.Count(z.output.String(), "awaiting\n") == n })
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

// until waits for a condition that another process brings about.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("never saw %s", what)
		}
	}
}
