package statemachines_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// The types of testdata/corpus; its README says what the members mean.
type (
	corpusCase struct {
		Comment        string                `json:"comment"`
		Definition     string                `json:"definition"`
		Input          json.RawMessage       `json:"input"`
		TimeoutSeconds int                   `json:"timeout_seconds"`
		Functions      map[string][]scripted `json:"functions"`
	}
	scripted struct {
		DelayMS int64           `json:"delay_ms"`
		Output  json.RawMessage `json:"output"`
		Error   *scriptedError  `json:"error"`
		Hang    bool            `json:"hang"`
	}
	scriptedError struct {
		Name  string `json:"name"`
		Cause string `json:"cause"`
	}
	expectation struct {
		Status  string    `json:"status"`
		Output  any       `json:"output"`
		Error   string    `json:"error"`
		EndedMS int64     `json:"ended_ms"`
		Trace   []entered `json:"trace"`
		Calls   []called  `json:"calls"`
	}
	entered struct {
		State      string      `json:"state"`
		AtMS       int64       `json:"at_ms"`
		Iterations [][]entered `json:"iterations"`
	}
	called struct {
		Function string `json:"function"`
		AtMS     int64  `json:"at_ms"`
		Payload  any    `json:"payload"`
	}
)

func TestTheWalkerDoesWhatTheCorpusSays(t *testing.T) {
	cases, err := filepath.Glob("testdata/corpus/*/case.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Fatalf("found %d cases; the corpus is not where it should be", len(cases))
	}
	for _, path := range cases {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want := readStrict[expectation](t, filepath.Join(dir, "expected.json"))
			got := play(t, readStrict[corpusCase](t, path))
			keepNamed(got.Calls, want.Calls)
			if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// Every state is entered somewhere, so that no part of a definition goes
// without a case.
func TestTheCorpusEntersEveryState(t *testing.T) {
	unseen := map[string]bool{}
	for _, name := range statemachines.Names() {
		for state := range statesOf(t, name) {
			unseen[state] = true
		}
	}
	files, err := filepath.Glob("testdata/corpus/*/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		mark(unseen, readStrict[expectation](t, path).Trace)
	}
	for state := range unseen {
		t.Errorf("no case enters %s", state)
	}
}

func mark(unseen map[string]bool, trace []entered) {
	for _, e := range trace {
		delete(unseen, e.State)
		for _, inner := range e.Iterations {
			mark(unseen, inner)
		}
	}
}

// statesOf lists the states of a definition, those inside a Map included.
func statesOf(t *testing.T, name string) map[string]bool {
	t.Helper()
	text, err := statemachines.Definition(name)
	if err != nil {
		t.Fatal(err)
	}
	type level struct {
		States map[string]struct {
			ItemProcessor json.RawMessage `json:"ItemProcessor"`
		} `json:"States"`
	}
	names := map[string]bool{}
	for todo := []json.RawMessage{text}; len(todo) > 0; todo = todo[1:] {
		var l level
		if err := json.Unmarshal(todo[0], &l); err != nil {
			t.Fatal(err)
		}
		for state, body := range l.States {
			names[state] = true
			if body.ItemProcessor != nil {
				todo = append(todo, body.ItemProcessor)
			}
		}
	}
	return names
}

// play runs a case under the virtual time of a synctest bubble.
func play(t *testing.T, c corpusCase) expectation {
	t.Helper()
	machine, err := statemachines.Load(c.Definition)
	if err != nil {
		t.Fatal(err)
	}
	var got expectation
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, c.Functions)
		out, err := machine.Run(t.Context(),
			walk.Execution{Name: t.Name(), Input: c.Input, Timeout: time.Duration(c.TimeoutSeconds) * time.Second},
			walk.Env{Invoker: s, Clock: bubbleClock{}, Trace: s.entered})
		got = expectation{Status: "SUCCEEDED", EndedMS: s.now(), Trace: s.trace, Calls: s.played()}
		if err == nil {
			got.Output = decoded(t, out)
			return
		}
		failure, ok := errors.AsType[*walk.Failure](err)
		if !ok {
			t.Fatalf("got %v, want a *walk.Failure", err)
		}
		got.Status, got.Error = string(failure.Status), failure.Name
	})
	return got
}

// keepNamed cuts each payload down to the members that the expectation names.
func keepNamed(got, want []called) {
	for i := range min(len(got), len(want)) {
		got[i].Payload = named(got[i].Payload, want[i].Payload)
	}
}

func named(got, want any) any {
	wanted, ok := want.(map[string]any)
	object, isObject := got.(map[string]any)
	if want == nil {
		return nil
	}
	if !ok || !isObject {
		return got
	}
	kept := map[string]any{}
	for name, below := range wanted {
		if v, ok := object[name]; ok {
			kept[name] = named(v, below)
		}
	}
	return kept
}

func readStrict[T any](t *testing.T, path string) T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v T
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return v
}

func decoded(t *testing.T, text json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return v
}

// bubbleClock is the clock of the process, which stands still inside a
// synctest bubble until everybody waits for it.
type bubbleClock struct{}

func (bubbleClock) Now() time.Time { return time.Now() }

func (bubbleClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

func byTimeAndName(a, b called) int {
	return cmp.Or(cmp.Compare(a.AtMS, b.AtMS), cmp.Compare(a.Function, b.Function))
}

func sorted(calls []called) []called {
	slices.SortStableFunc(calls, byTimeAndName)
	return calls
}
