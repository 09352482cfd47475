package functions

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
	"github.com/openhostfactory/ohfp/shared/op"
)

// build makes every function for this machine, as [runtimeapi.Scan] wants them.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	flat := filepath.Join(dir, ".binaries") + string(filepath.Separator)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", "lambda.norpc,grpcnotrace", "-ldflags", "-s -w", "-o", flat, "./...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the functions: %v\n%s", err, out)
	}
	for _, f := range functionsOf(catalog.All(), kinds(t)) {
		if err := os.Mkdir(filepath.Join(dir, f.name), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(flat, f.name), filepath.Join(dir, f.name, "bootstrap")); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// output is what all processes of a function write.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// one runs one function with an environment, and returns what it answered to
// an event and what it wrote.
func one(t *testing.T, dir, name string, env []string, event []byte) (answer json.RawMessage, log string, failed error) {
	t.Helper()
	out := &output{}
	s, err := runtimeapi.Start(runtimeapi.Options{
		Functions: []runtimeapi.Function{{Name: name, Bootstrap: filepath.Join(dir, name, "bootstrap"), Env: env, Timeout: 2 * time.Minute}},
		Output:    out, Log: slog.New(slog.DiscardHandler), Now: time.Now, InitTimeout: 2 * time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, failed = s.Invoke(t.Context(), name, event)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	return answer, out.String(), failed
}

// eventFor is what a function is called with: a request if it has a route.
func eventFor(t *testing.T, spec op.Spec) []byte {
	t.Helper()
	routes := op.Routes(spec)
	if len(routes) == 0 {
		return []byte(`{}`)
	}
	at := routes[len(routes)-1] // POST
	event, err := json.Marshal(map[string]any{
		"version": "2.0", "rawPath": at.Path, "headers": map[string]string{"content-type": "application/json"}, "body": "{}",
		"requestContext": map[string]any{
			"http":       map[string]string{"method": at.Method, "path": at.Path},
			"authorizer": map[string]any{"iam": map[string]string{"userArn": "arn:aws:iam::123456789012:user/ops"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event
}

// told is what a failed function tells its caller: the code and the text.
func told(t *testing.T, answer json.RawMessage, failed error) (code, text string) {
	t.Helper()
	if f, ok := errors.AsType[*runtimeapi.FunctionError](failed); ok {
		return f.Type, f.Message
	}
	if failed != nil {
		t.Fatal(failed)
	}
	var reply struct {
		StatusCode int
		Body       string
	}
	var problem struct{ Code, Detail string }
	if err := errors.Join(json.Unmarshal(answer, &reply), json.Unmarshal([]byte(reply.Body), &problem)); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return problem.Code, problem.Detail
}

// settings are complete, and lead to a table that nobody serves.
func settings() []string {
	return []string{
		"OHFP_TABLE=broker", `OHFP_FUNCTIONS={"attempt":{"static":"attempt-static"},"probe":{"static":"probe-static"},"settle":"settle","due":"due"}`,
		"OHFP_EXECUTE_STANDARD_ARN=a", "OHFP_EXECUTE_EXPRESS_ARN=b", "OHFP_HEALTH_CHECK_ARN=c",
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "AWS_ENDPOINT_URL=http://127.0.0.1:1",
	}
}

func without(variable string) []string {
	return slices.DeleteFunc(settings(), func(v string) bool { return strings.HasPrefix(v, variable+"=") })
}

// TestTheBuiltFunctionsSayWhatTheyLack runs the binaries themselves: nobody
// who lacks a setting, or the table, panics, dies or is silent.
func TestTheBuiltFunctionsSayWhatTheyLack(t *testing.T) {
	if testing.Short() {
		t.Skip("it links every function")
	}
	dir := build(t)
	sample := []string{"get-operation", "register-template", "settle", "record-machine-event", "attempt-static"} // each cone, each way to be called
	tests := []struct {
		name   string
		env    []string
		only   []string // nil: all functions
		hidden bool     // the caller is not told: it is our mistake
		says   string   // to the caller, and in the log
		logs   string   // what stands there too
	}{
		{"everything", nil, nil, false, "set OHFP_TABLE", ""},
		{"the functions' names", without("OHFP_FUNCTIONS"), sample[:4], true, "OHFP_FUNCTIONS is not set", ""},
		{"a state machine", without("OHFP_HEALTH_CHECK_ARN"), sample[1:4], true, "OHFP_HEALTH_CHECK_ARN is not set", ""},
		{"readable settings of pools", append(settings(), "OHFP_STATIC={"), sample[4:], true, "correct OHFP_STATIC", ""},
		{"credentials", without("AWS_ACCESS_KEY_ID"), sample, false, "AWS_ACCESS_KEY_ID", ""},
		{"a table that can be reached", settings(), sample, false, "cannot be reached", "dial tcp 127.0.0.1:1:"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			for _, o := range catalog.All() {
				for _, f := range functionsOf([]op.Described{o}, kinds(t)) {
					if tc.only != nil && !slices.Contains(tc.only, f.name) {
						continue
					}
					t.Run(f.name, func(t *testing.T) {
						t.Parallel()
						answer, log, failed := one(t, dir, f.name, tc.env, eventFor(t, o.Describe()))
						code, text := told(t, answer, failed)
						checkTold(t, o.Describe(), code, tc.hidden)
						if strings.Contains(text, tc.says) == tc.hidden {
							t.Errorf("the caller is told: %s", text)
						}
						checkLog(t, log, tc.says, tc.logs)
					})
				}
			}
		})
	}
}

func checkTold(t *testing.T, spec op.Spec, code string, hidden bool) {
	t.Helper()
	want := "store_unavailable"
	if hidden {
		want = "internal"
	}
	if len(op.Routes(spec)) == 0 {
		want = "Ohfp.Internal"
	}
	if code != want {
		t.Errorf("code %q, want %q", code, want)
	}
}

// checkLog expects one error for the opening before the first event; the event
// itself opens again, and logs what its caller is not told.
func checkLog(t *testing.T, log, says, too string) {
	t.Helper()
	opening := 0
	for line := range strings.Lines(log) {
		var entry struct{ Level, Message, Error string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("no JSON in the log: %s", line)
		}
		if strings.HasPrefix(entry.Message, "opening failed") && entry.Level == "ERROR" && strings.Contains(entry.Error, says) && strings.Contains(entry.Error, too) {
			opening++
		}
	}
	if opening != 1 || strings.Contains(log, "panic") {
		t.Errorf("%d lines say what is missing, want one, and no panic:\n%s", opening, log)
	}
}
