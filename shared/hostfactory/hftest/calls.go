package hftest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// Call is one call of a scheduler.
type Call struct {
	ID        string          `json:"id"`
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input"`
	Exit      int             `json:"exit"`
	Assert    []Assertion     `json:"assert"`
}

//go:embed testdata/calls.json
var recorded []byte

// Calls returns the recorded calls. A path names a file with others of the
// same shape, or with the member "vectors" that holds them.
func Calls(tb testing.TB, path string) []Call {
	tb.Helper()
	data := recorded
	if path != "" {
		var err error
		if data, err = os.ReadFile(path); err != nil { //nolint:gosec // who runs the test names the file
			tb.Fatal(err)
		}
	}
	calls, err := decode(data)
	if err != nil || len(calls) == 0 {
		tb.Fatalf("%d calls: %v", len(calls), err)
	}
	return calls
}

func decode(data []byte) (calls []Call, err error) {
	if err = json.Unmarshal(data, &calls); err == nil {
		return calls, nil
	}
	var file struct {
		Vectors []Call `json:"vectors"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("reading calls: %w", err)
	}
	return file.Vectors, nil
}

// Check says what of an answer is not as the call wants it.
func (c Call) Check(answer []byte) []error {
	var out, in any
	if err := json.Unmarshal(answer, &out); err != nil {
		return []error{fmt.Errorf("the answer is not one JSON document: %w", err)}
	}
	if err := json.Unmarshal(c.Input, &in); err != nil {
		return []error{fmt.Errorf("the input is not JSON: %w", err)}
	}
	var wrong []error
	for _, a := range c.Assert {
		if err := a.check(out, in); err != nil {
			wrong = append(wrong, fmt.Errorf("%s %s %s: %w", a.Path, a.Op, a.Value, err))
		}
	}
	return wrong
}
