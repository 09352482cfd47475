package walk_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// hasteClock lets every wait and time-out of less than an hour pass at once.
type hasteClock struct{}

func (hasteClock) Now() time.Time { return time.Time{} }

func (hasteClock) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d >= time.Hour {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, time.Unix(0, 0))
}

// Whatever the text, Load answers with a machine or a LoadError; and a machine
// that loaded ends, in success or as a Failure, on any input.
func FuzzLoad(f *testing.F) {
	const input = `{"f": "x", "a": "x", "b": false, "s": 1, "l": [1, 2], "t": {}}`
	f.Add(complete, input)
	f.Add(complete, `{"f": "x"}`)
	f.Add(taskText(`"End": true`), `{"f": "x"}`)
	f.Add(taskText(`"ResultPath": null, "End": true`), `[]`)
	f.Add(`{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "StringEquals": "x", "Next": "F"}], "Default": "C"},
		"F": {"Type": "Fail", "Error": "A", "Cause": "b"}}}`, input)
	f.Add(`{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 40, "End": true, "ItemProcessor": {
		"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "Result": null, "End": true}}}}}}`, `[1, 2, 3]`)
	f.Add(`{"a": {"a": [[[`, `null`)
	f.Add("{\"\\ud800\": 1, \"\\ud801\": 1}", `1e999`)
	f.Fuzz(func(t *testing.T, text, input string) {
		m, err := walk.Load("fuzz.asl.json", []byte(text))
		if err != nil {
			if _, ok := errors.AsType[*walk.LoadError](err); !ok {
				t.Errorf("got %T %v, want a *walk.LoadError", err, err)
			}
			return
		}
		if !json.Valid([]byte(input)) {
			return
		}
		out, err := m.Run(t.Context(), walk.Execution{Input: json.RawMessage(input), Timeout: time.Hour},
			walk.Env{Clock: hasteClock{}, Invoker: replies(`{"r": {}}`)})
		if _, ok := errors.AsType[*walk.Failure](err); err != nil && !ok {
			t.Errorf("got %T %v, want a *walk.Failure", err, err)
		}
		if err == nil && !json.Valid(out) {
			t.Errorf("the output is no JSON: %s", out)
		}
	})
}
