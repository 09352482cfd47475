package walk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

func TestAResultGoesWhereItsPathSays(t *testing.T) {
	for name, c := range map[string]struct{ members, want string }{
		"in the input's place by default": {`"End": true`, `{"got":7}`},
		"in the input's place by $":       {`"ResultPath": "$", "End": true`, `{"got":7}`},
		"beside the input":                {`"ResultPath": "$.r", "End": true`, `{"a":{"b":1},"f":"x","r":{"got":7}}`},
		"deep into an object":             {`"ResultPath": "$.a.c.d", "End": true`, `{"a":{"b":1,"c":{"d":{"got":7}}},"f":"x"}`},
		"over a member":                   {`"ResultPath": "$.a.b", "End": true`, `{"a":{"b":{"got":7}},"f":"x"}`},
		"nowhere by null":                 {`"ResultPath": null, "End": true`, `{"a":{"b":1},"f":"x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, taskText(c.members), `{"f": "x", "a": {"b": 1}}`, replies(`7`))
			if err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestAResultWithoutAPlaceCanBeCaught(t *testing.T) {
	const into = `"ResultPath": "$.f.r", `
	_, err := run(t, taskText(into+`"End": true`), `{"f": "x"}`, replies(`7`))
	wantFailure(t, err, walk.Failed, walk.StatesResultPath)
	got, err := run(t, taskText(into+`"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "T2"}], "Next": "T2"}, "T2": {"Type": "Succeed", "OutputPath": "$.f"`),
		`{"f": "x"}`, replies(`7`))
	if err != nil || got != `"x"` {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAPathThatFindsNothingOfUseEndsTheExecution(t *testing.T) {
	const next = `"Next": "E"}, "E": {"Type": "Succeed", "OutputPath": "$.e"`
	for name, c := range map[string]struct{ text, input string }{
		"no function":                  {taskText(`"End": true`), `{}`},
		"a function that is no name":   {taskText(`"End": true`), `{"f": 1}`},
		"a function without a name":    {taskText(`"End": true`), `{"f": ""}`},
		"below what is no object":      {strings.Replace(taskText(`"End": true`), `"$.f"`, `"$.f.g"`, 1), `{"f": "x"}`},
		"in a payload":                 {strings.Replace(taskText(`"End": true`), `"Payload.$": "$"`, `"Payload": {"a": {"b.$": "$.b"}}`, 1), `{"f": "x"}`},
		"in a selector":                {strings.Replace(taskText(`"End": true`), `"$.Payload"`, `"$.Payload.a.b"`, 1), `{"f": "x"}`},
		"a time-out of nothing":        {strings.Replace(taskText(`"End": true`), `"TimeoutSeconds": 50`, `"TimeoutSecondsPath": "$.s"`, 1), `{"f": "x", "s": 0}`},
		"a time-out in parts":          {strings.Replace(taskText(`"End": true`), `"TimeoutSeconds": 50`, `"TimeoutSecondsPath": "$.s"`, 1), `{"f": "x", "s": 1.5}`},
		"an output":                    {taskText(`"ResultPath": null, ` + next), `{"f": "x"}`},
		"a variable, though a default": {`{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.v", "StringEquals": "x", ` + strings.Replace(next, "}", `}], "Default": "E"}`, 1) + `}}}`, `{}`},
		"seconds to wait":              {`{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", ` + next + `}}}`, `{"e": 1}`},
		"a negative time to wait":      {`{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", ` + next + `}}}`, `{"e": 1, "s": -1}`},
		"items":                        {`{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.l", "MaxConcurrency": 1, "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, "StartAt": "P", "States": {"P": {"Type": "Pass", "Result": 1, "End": true}}}, ` + next + `}}}`, `{"e": 1}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, c.text, c.input, replies(`{"a": 1}`))
			wantFailure(t, err, walk.Failed, walk.StatesRuntime)
		})
	}
}

func TestNumbersKeepTheirText(t *testing.T) {
	got, err := run(t, taskText(`"End": true`), `{"f": "x"}`, replies(`[12345678901234567890, 1.50, 1e400]`))
	if want := `{"got":[12345678901234567890,1.50,1e400]}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestTheInputOfAnExecutionStaysAsItIs(t *testing.T) {
	input := json.RawMessage(`{"f": "x", "a": {"b": 1}}`)
	before := string(input)
	if _, err := run(t, taskText(`"ResultPath": "$.a.b", "End": true`), string(input), replies(`7`)); err != nil {
		t.Fatal(err)
	}
	if string(input) != before {
		t.Errorf("it is %s now", input)
	}
}

func TestWhatAFunctionMayAnswer(t *testing.T) {
	long := `"` + strings.Repeat("x", 256*1024) + `"`
	for name, c := range map[string]struct{ answer, want, fails string }{
		"nothing is null":     {``, `{"got":null}`, ""},
		"text that is JSON":   {` "a<b" `, `{"got":"a\u003cb"}`, ""},
		"text that is not":    {`{"a":`, ``, walk.LambdaUnknown},
		"two values are none": {`1 2`, ``, walk.LambdaUnknown},
		"more than 256 KiB":   {long, ``, walk.StatesDataLimit},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, taskText(`"End": true`), `{"f": "x"}`, replies(c.answer))
			if c.fails != "" {
				wantFailure(t, err, walk.Failed, c.fails)
				return
			}
			if err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestAPayloadOfMoreThan256KiBEndsTheExecution(t *testing.T) {
	input := `{"f": "x", "a": "` + strings.Repeat("x", 256*1024) + `"}`
	_, err := run(t, taskText(`"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "E"}], "Next": "E"}, "E": {"Type": "Succeed", "OutputPath": "$"`), input, replies(`1`))
	wantFailure(t, err, walk.Failed, walk.StatesDataLimit)
}

// hidden says its name but is no TaskError.
type hidden struct{ name string }

func (h hidden) Error() string { return "details" }
func (h hidden) ASL() string   { return h.name }

func TestAnErrorIsSeenUnderItsName(t *testing.T) {
	for name, c := range map[string]struct {
		err         error
		want, cause string
	}{
		"a task error":                {&walk.TaskError{Name: "A.B", Cause: "c"}, "A.B", "c"},
		"a wrapped one":               {fmt.Errorf("doing: %w", &walk.TaskError{Name: "A.B", Cause: "c"}), "A.B", "c"},
		"one that says its name":      {fmt.Errorf("doing: %w", hidden{"A.C"}), "A.C", "doing: details"},
		"one without a name":          {hidden{""}, walk.LambdaUnknown, "details"},
		"another error":               {errors.New("boom"), walk.LambdaUnknown, "boom"},
		"one of the language's own":   {&walk.TaskError{Name: "States.Runtime"}, walk.LambdaUnknown, "States.Runtime"},
		"a deadline that is not ours": {context.DeadlineExceeded, walk.LambdaUnknown, "context deadline exceeded"},
		"one with a long cause":       {&walk.TaskError{Name: "A.B", Cause: strings.Repeat("é", 32*1024)}, "A.B", strings.Repeat("é", 16*1024)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, taskText(`"End": true`), `{"f": "x"}`, fails(c.err))
			if got := wantFailure(t, err, walk.Failed, c.want); got != c.cause {
				t.Errorf("cause %.60q, want %.60q", got, c.cause)
			}
		})
	}
}

func TestWildcardsReachTheNamesThatTheyShould(t *testing.T) {
	text := func(equals string) string {
		return taskText(`"Catch": [{"ErrorEquals": ["` + equals + `"], "Next": "E"}], "Next": "E"}, "E": {"Type": "Succeed", "OutputPath": "$"`)
	}
	hangs := func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		equals, input string
		invoke        walk.InvokerFunc
		caught        bool
	}{
		"States.ALL, an error":               {"States.ALL", `{"f": "x"}`, fails(errors.New("boom")), true},
		"States.ALL, a time-out":             {"States.ALL", `{"f": "x"}`, hangs, true},
		"States.ALL, a path without a value": {"States.ALL", `{}`, hangs, false},
		"States.TaskFailed, an error":        {"States.TaskFailed", `{"f": "x"}`, fails(errors.New("boom")), true},
		"States.TaskFailed, a time-out":      {"States.TaskFailed", `{"f": "x"}`, hangs, false},
		"States.TaskFailed, a path":          {"States.TaskFailed", `{}`, hangs, false},
		"States.Timeout, a time-out":         {"States.Timeout", `{"f": "x"}`, hangs, true},
		"States.Timeout, an error":           {"States.Timeout", `{"f": "x"}`, fails(errors.New("boom")), false},
		"a name, that name":                  {"A.B", `{"f": "x"}`, fails(&walk.TaskError{Name: "A.B"}), true},
		"a name, another":                    {"A.B", `{"f": "x"}`, fails(&walk.TaskError{Name: "A.BC"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if _, err := run(t, text(c.equals), c.input, c.invoke); (err == nil) != c.caught {
					t.Errorf("got %v, want caught %v", err, c.caught)
				}
			})
		})
	}
}

func TestDelaysBetweenRetriesGrowByTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []string
		_, err := run(t, taskText(`"Retry": [{"ErrorEquals": ["A.B"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 1.5},
			{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}], "End": true`), `{"f": "x"}`,
			func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
				at = append(at, time.Since(start).String())
				if len(at) == 2 {
					return nil, errors.New("once of another kind")
				}
				return nil, &walk.TaskError{Name: "A.B"}
			})
		wantFailure(t, err, walk.Failed, "A.B")
		// 0, then 2 of the first, 1 of the second, then 3 and 4.5 of the first.
		if got, want := strings.Join(at, " "), "0s 2s 3s 6s 10.5s"; got != want {
			t.Errorf("called at %s, want %s", got, want)
		}
	})
}

// A function that does not return is left behind: the execution ends in time,
// and what the function says later changes nothing.
func TestAFunctionThatIgnoresItsContextIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, late := time.Now(), make(chan struct{})
		_, err := run(t, taskText(`"End": true`), `{"f": "x"}`, func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
			time.Sleep(time.Hour) // virtual
			close(late)
			return json.RawMessage(`"late"`), nil
		})
		wantFailure(t, err, walk.Failed, walk.StatesTimeout)
		if got := time.Since(start); got != 50*time.Second {
			t.Errorf("it took %v, want 50s", got)
		}
		<-late // its goroutine finds room for the answer and ends
	})
}

func TestAnExecutionEndsWithItsContext(t *testing.T) {
	wait := `{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$.s", "Next": "E"}, "E": {"Type": "Succeed", "OutputPath": "$"}}}`
	for name, c := range map[string]struct{ text, input string }{
		"in a task": {taskText(`"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1, "BackoffRate": 1}], "End": true`), `{"f": "x"}`},
		"in a wait": {wait, `{"s": 30}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(2*time.Second, func() { cancel(errors.New("shutting down")) })
				start := time.Now()
				_, err := load(t, c.text).Run(ctx, walk.Execution{Name: "test", Input: json.RawMessage(c.input), Timeout: time.Minute},
					walk.Env{Clock: bubbleClock{}, Invoker: walk.InvokerFunc(func(ctx context.Context, _ string, _ json.RawMessage) (json.RawMessage, error) {
						<-ctx.Done()
						return nil, ctx.Err()
					})})
				if got := wantFailure(t, err, walk.Aborted, ""); got != "shutting down" {
					t.Errorf("cause %q", got)
				}
				if got := time.Since(start); got != 2*time.Second {
					t.Errorf("it took %v, want 2s", got)
				}
			})
		})
	}
}

func TestAnExecutionThatGoesRoundForEverIsEnded(t *testing.T) {
	loop := `{"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "BooleanEquals": true, "Next": "E"}], "Default": "C"},
		"E": {"Type": "Succeed", "OutputPath": "$"}}}`
	entered := 0
	_, err := load(t, loop).Run(t.Context(), walk.Execution{Name: "test", Input: json.RawMessage(`{"stop": false}`), Timeout: time.Minute},
		walk.Env{Clock: bubbleClock{}, Trace: func(walk.Event) { entered++ }})
	wantFailure(t, err, walk.Failed, walk.StatesRuntime)
	if entered != 5000 {
		t.Errorf("entered %d states, want 5000", entered)
	}
}

func TestExecutionsThatAreNotWellFormedCallNothing(t *testing.T) {
	for name, e := range map[string]walk.Execution{
		"no time-out":         {Input: json.RawMessage(`{}`)},
		"no input":            {Timeout: time.Minute},
		"input not JSON":      {Input: json.RawMessage(`{`), Timeout: time.Minute},
		"two values as input": {Input: json.RawMessage(`{} {}`), Timeout: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			called := walk.InvokerFunc(func(context.Context, string, json.RawMessage) (json.RawMessage, error) {
				t.Error("a function was called")
				return nil, nil
			})
			_, err := load(t, taskText(`"End": true`)).Run(t.Context(), e, walk.Env{Clock: bubbleClock{}, Invoker: called})
			if _, isEnd := errors.AsType[*walk.Failure](err); err == nil || isEnd {
				t.Errorf("got %v, want an error that is no Failure", err)
			}
		})
	}
}

func TestTheFirstItemThatFailsEndsTheMapAndTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, cut := time.Now(), make(chan time.Duration, 1)
		_, err := run(t, `{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 2, "End": true,
			"ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, `+taskText(`"End": true`)[1:]+`}}}`, `[{"f": "slow"}, {"f": "bad"}, {"f": "never"}]`,
			func(ctx context.Context, f string, _ json.RawMessage) (json.RawMessage, error) {
				switch f {
				case "bad":
					time.Sleep(time.Second) // virtual
					return nil, &walk.TaskError{Name: "A.B"}
				case "slow":
					<-ctx.Done()
					cut <- time.Since(start)
					return nil, ctx.Err()
				}
				t.Errorf("%s was called", f)
				return nil, nil
			})
		wantFailure(t, err, walk.Failed, "A.B")
		if got := <-cut; got != time.Second {
			t.Errorf("the slow one was cut at %v, want 1s", got)
		}
	})
}

func TestFailuresReadWell(t *testing.T) {
	for want, f := range map[string]error{
		"execution FAILED: A.B: why":          &walk.Failure{Status: walk.Failed, Name: "A.B", Cause: "why"},
		"execution ABORTED: context canceled": &walk.Failure{Status: walk.Aborted, Cause: "context canceled"},
		"A.B":                                 &walk.TaskError{Name: "A.B"},
		"x.asl.json: state T: field Retry[0].MaxAttempts: is not a number": &walk.LoadError{File: "x.asl.json", State: "T", Field: "Retry[0].MaxAttempts", Problem: "is not a number"},
	} {
		if got := f.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// The counter is not guarded: under the race detector two overlapping calls of
// Trace would show.
func TestTracesOfAMapDoNotOverlap(t *testing.T) {
	text := `{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 40, "End": true,
		"ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, ` + taskText(`"End": true`)[1:] + `}}}`
	items := map[int]int{}
	input := "[" + strings.Repeat(`{"f": "x"}, `, 99) + `{"f": "x"}]`
	_, err := load(t, text).Run(t.Context(), walk.Execution{Name: "test", Input: json.RawMessage(input), Timeout: time.Minute},
		walk.Env{Clock: bubbleClock{}, Invoker: replies(`1`), Trace: func(e walk.Event) {
			if e.Map == "M" && e.State == "T" {
				items[e.Item]++
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if items[i] != 1 {
			t.Errorf("item %d was entered %d times", i, items[i])
		}
	}
}
