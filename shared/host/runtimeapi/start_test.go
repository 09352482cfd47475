package runtimeapi_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/runtimeapi"
)

func TestAStartThatFailsIsTheInvocationsFailure(t *testing.T) {
	tests := []struct{ zoo, name, message string }{
		{"dies", "Runtime.ExitError", "exit status 4"},
		{"late", "Sandbox.Timedout", "Init timed out after 0.20 seconds"},
		{"reports", "Zoo.NoKeys", "the keys are lost"},
		{"locked", "Ohfp.Internal", "store_unavailable: There is no table."},
	}
	for _, tc := range tests {
		t.Run(tc.zoo, func(t *testing.T) {
			z := serve(t, func(f *runtimeapi.Function, o *runtimeapi.Options) {
				f.Env = []string{"ZOO=" + tc.zoo}
				if tc.zoo == "late" {
					o.InitTimeout = 200 * time.Millisecond
				}
			})
			for range 2 { // the second is tried anew
				if e := z.fails(t, "echo", ""); e.Type != tc.name || !strings.Contains(e.Message, tc.message) {
					t.Errorf("%v", e)
				}
			}
		})
	}
}

func TestABinaryThatCannotBeRunIsRefusedOrFails(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("no program"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, functions := range map[string][]runtimeapi.Function{
		"missing":        {{Name: "a", Bootstrap: filepath.Join(dir, "none")}},
		"a directory":    {{Name: "a", Bootstrap: dir}},
		"not executable": {{Name: "a", Bootstrap: text}},
		"given twice":    {{Name: "a", Bootstrap: binary("zoo")}, {Name: "a", Bootstrap: binary("zoo")}},
		"without a name": {{Bootstrap: binary("zoo")}},
	} {
		if _, err := runtimeapi.Start(runtimeapi.Options{Functions: functions, Log: slog.New(slog.DiscardHandler), Now: time.Now}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := os.Chmod(text, 0o755); err != nil {
		t.Fatal(err)
	}
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) { f.Bootstrap = text })
	if e := z.fails(t, "echo", ""); e.Type != runtimeapi.InvalidEntrypoint || strings.Contains(e.Message, dir) {
		t.Errorf("%v", e)
	}
}

func TestFunctionsAreFoundByTheirDirectories(t *testing.T) {
	got, err := runtimeapi.Scan(built)
	if err != nil || len(got) != 2 || got[0].Name != "empty" || got[1].Name != "zoo" || got[1].Bootstrap != binary("zoo") {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := runtimeapi.Scan(t.TempDir()); err == nil {
		t.Error("a directory without functions is no error")
	}
}

func TestARuntimeThatMisbehavesHurtsItselfOnly(t *testing.T) {
	tests := []struct{ text, want, name string }{
		{"wrong id", `{"status":400}`, ""},
		{"twice", `{"answer":1}`, ""},
		{"mumble", "", "Runtime.Unknown"},
		{"large", "", "Function.ResponseSizeTooLarge"},
		{"answers and goes", `"bye"`, ""},
		{"twice", `{"answer":1}`, ""}, // after all that
		{"answers and stays", `"bye"`, ""},
	}
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) {
		f.Env, f.Processes = []string{"ZOO=raw"}, 1
	})
	for _, tc := range tests {
		t.Run(tc.text, func(t *testing.T) {
			out, err := z.Invoke(t.Context(), "zoo", event("raw", tc.text))
			if tc.name == "" && (err != nil || string(out) != tc.want) {
				t.Errorf("%s, %v", out, err)
			}
			if tc.name != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.name+":")) {
				t.Errorf("%.100s, %v; want %s", out, err, tc.name)
			}
		})
	}
	until(t, "the refusals of two second answers", func() bool { return strings.Count(z.output.String(), "second answer 400\n") == 2 })
}

// Whoever calls next waits for the place of a process that has answered and does
// not come back.
func TestAProcessThatStaysLosesItsPlaceAtTheDeadline(t *testing.T) {
	z := serve(t, func(f *runtimeapi.Function, _ *runtimeapi.Options) {
		f.Env, f.Timeout, f.Processes = []string{"ZOO=raw"}, 200*time.Millisecond, 1
	})
	for range 3 {
		out, err := z.Invoke(t.Context(), "zoo", event("raw", "answers and stays"))
		if late := err != nil && strings.HasPrefix(err.Error(), runtimeapi.TimedOut+":"); !late && string(out) != `"bye"` {
			t.Errorf("%s, %v", out, err)
		}
	}
	until(t, "the ends of the first two", func() bool { return len(z.ended(t)) >= 2 })
}
