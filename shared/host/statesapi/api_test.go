package statesapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
	"github.com/openhostfactory/ohfp/statemachines"
)

func TestCallsThatAreNotWellFormedAreRefusedByName(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	const elsewhere = "arn:aws:states:eu-west-1:000000000000:stateMachine:execute"
	for name, c := range map[string]struct{ action, body, want string }{
		"an action that is not served":     {"DeleteStateMachine", `{}`, "UnknownOperationException"},
		"no action":                        {"", `{}`, "UnknownOperationException"},
		"no JSON":                          {"StartExecution", `{`, "SerializationException"},
		"something after the JSON":         {"StartExecution", start(standard, "x", "{}") + "}", "SerializationException"},
		"no UTF-8":                         {"StartExecution", "{\"name\": \"\xff\"}", "SerializationException"},
		"an array":                         {"StartExecution", `[]`, "SerializationException"},
		"a number for a text":              {"StartExecution", `{"stateMachineArn": 7}`, "SerializationException"},
		"an object for the input":          {"StartExecution", `{"stateMachineArn": "` + standard + `", "input": {}}`, "SerializationException"},
		"null":                             {"StartExecution", `null`, "ValidationException"},
		"no machine":                       {"StartExecution", `{}`, "ValidationException"},
		"no machine, synchronously":        {"StartSyncExecution", `{}`, "ValidationException"},
		"no execution to describe":         {"DescribeExecution", `{}`, "ValidationException"},
		"no execution to stop":             {"StopExecution", `{}`, "ValidationException"},
		"a machine by its name":            {"StartExecution", start("execute", "x", "{}"), "InvalidArn"},
		"a machine without a name":         {"StartExecution", start("arn:aws:states:us-east-1:000000000000:stateMachine:", "x", "{}"), "InvalidArn"},
		"an ARN of something else":         {"StartExecution", start("arn:aws:states:us-east-1:000000000000:activity:execute", "x", "{}"), "InvalidArn"},
		"an ARN of another service":        {"StartExecution", start("arn:aws:lambda:us-east-1:000000000000:stateMachine:execute", "x", "{}"), "InvalidArn"},
		"a machine that is not there":      {"StartExecution", start(standard+"x", "x", "{}"), "StateMachineDoesNotExist"},
		"an alias":                         {"StartExecution", start(standard+":PROD", "x", "{}"), "StateMachineDoesNotExist"},
		"a machine of another region":      {"StartExecution", start(elsewhere, "x", "{}"), "StateMachineDoesNotExist"},
		"a name with a blank":              {"StartExecution", start(standard, "op 1", "{}"), "InvalidName"},
		"a name with a colon":              {"StartExecution", start(standard, "op:1", "{}"), "InvalidName"},
		"a name with a control character":  {"StartExecution", start(standard, "op\x7f", "{}"), "InvalidName"},
		"an empty name":                    {"StartExecution", start(standard, "", "{}"), "ValidationException"},
		"a name of 81 characters":          {"StartExecution", start(standard, strings.Repeat("é", 81), "{}"), "ValidationException"},
		"an input that is not JSON":        {"StartExecution", start(standard, "x", "{"), "InvalidExecutionInput"},
		"an empty input":                   {"StartExecution", start(standard, "x", ""), "InvalidExecutionInput"},
		"an input of 256 KiB and one byte": {"StartExecution", start(standard, "x", `"`+strings.Repeat("x", 256*1024-1)+`"`), "ValidationException"},
		"a sync run of a Standard machine": {"StartSyncExecution", start(standard, "x", "{}"), "StateMachineTypeNotSupported"},
		"data of another kind":             {"StartSyncExecution", `{"stateMachineArn": "` + express + `", "includedData": "SOME"}`, "ValidationException"},
		"a description of an Express execution": {
			"DescribeExecution", `{"executionArn": "arn:aws:states:us-east-1:000000000000:express:execute-express:op-1:x"}`, "InvalidArn",
		},
		"a description of data of another kind": {"DescribeExecution", `{"executionArn": "x", "includedData": "SOME"}`, "ValidationException"},
		"a description of nothing": {
			"DescribeExecution", `{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:execute:lost"}`, "ExecutionDoesNotExist",
		},
		"a stop of nothing": {
			"StopExecution", `{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:execute:lost"}`, "ExecutionDoesNotExist",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := a.call(c.action, c.body)
			if message, _ := got.Body["message"].(string); got.Status != http.StatusBadRequest || got.Body["__type"] != c.want || message == "" {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
	if n := a.calls.Load(); n != 0 {
		t.Errorf("functions were called %d times", n)
	}
}

func TestTheLongestNameAndInputAreTaken(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	a.started("StartExecution", start(standard, strings.Repeat("é", 80), `"`+strings.Repeat("x", 256*1024-2)+`"`))
}

func TestOnlyWhatIsPostedWithTheServicesTargetIsHeard(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	for _, c := range []struct{ method, target string }{
		{http.MethodGet, "AWSStepFunctions.StartExecution"},
		{http.MethodPost, "DynamoDB_20120810.StartExecution"},
		{http.MethodPost, "StartExecution"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, "/", strings.NewReader(start(standard, "x", "{}")))
		r.Header.Set("X-Amz-Target", c.target)
		if got := a.send(r); got.Status != http.StatusBadRequest || got.Body["__type"] != "UnknownOperationException" {
			t.Errorf("%v: %+v", c, got)
		}
	}
}

func TestABodyIsBounded(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	got := a.call("StartExecution", start(standard, "x", strings.Repeat(" ", 1<<20)))
	if got.Status != http.StatusRequestEntityTooLarge || got.Body["__type"] != "RequestEntityTooLarge" {
		t.Errorf("%+v", got)
	}
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	broken := io.MultiReader(strings.NewReader(`{"stateMachineArn"`), failing{})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", broken)
	r.Header.Set("X-Amz-Target", "AWSStepFunctions.StartExecution")
	if got := a.send(r); got.Status != http.StatusBadRequest || got.Body["__type"] != "SerializationException" {
		t.Errorf("%+v", got)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAnExecutionIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		arn := a.started("StartExecution", start(standard, "op-1", input("slow")))
		time.Sleep(90 * time.Second) // virtual
		stop := fmt.Sprintf(`{"executionArn": %q, "error": "Enough", "cause": "it was enough"}`, arn)
		stopped := reply{http.StatusOK, map[string]any{"stopDate": midnight + 90}}
		if diff := cmp.Diff(stopped, a.call("StopExecution", stop)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		time.Sleep(time.Second) // virtual
		again := fmt.Sprintf(`{"executionArn": %q}`, arn)
		if diff := cmp.Diff(stopped, a.call("StopExecution", again)); diff != "" {
			t.Errorf("stopped again: want -, got +:\n%s", diff)
		}
		shown := a.describe(arn).Body
		got := []any{shown["status"], shown["error"], shown["cause"], shown["stopDate"]}
		if diff := cmp.Diff([]any{"ABORTED", "Enough", "it was enough", midnight + 90}, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestAStopsWordsAreBounded(t *testing.T) {
	a := serve(t, statesapi.Options{}, local.Options{})
	arn := a.started("StartExecution", start(standard, "op-1", input("slow")))
	for member, n := range map[string]int{"error": 257, "cause": 32769} {
		got := a.call("StopExecution", fmt.Sprintf(`{"executionArn": %q, %q: %q}`, arn, member, strings.Repeat("x", n)))
		if got.Status != http.StatusBadRequest || got.Body["__type"] != "ValidationException" {
			t.Errorf("%s: %+v", member, got)
		}
	}
	if got := a.describe(arn).Body["status"]; got != "RUNNING" {
		t.Errorf("it is %v", got)
	}
}

// FuzzServe: whatever is sent is answered in JSON: a success, or a refusal
// with a name.
func FuzzServe(f *testing.F) {
	short := machines()
	for name, m := range short {
		m.Timeout = time.Millisecond
		short[name] = m
	}
	a := serve(f, statesapi.Options{Machines: short, Closed: 10}, local.Options{})
	f.Add("StartExecution", []byte(start(standard, "op-1", input("a"))))
	f.Add("StartExecution", []byte(start(standard, "op-1", "{}")))
	f.Add("StartSyncExecution", []byte(start(express, "op-1", input("fails"))))
	f.Add("StartSyncExecution", []byte(start(checks, "op-1", `{"functions": {"due": "a"}, "due": {}}`)))
	f.Add("DescribeExecution", []byte(`{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:execute:op-1"}`))
	f.Add("StopExecution", []byte(`{"executionArn": "arn:aws:states:us-east-1:000000000000:execution:execute:op-1", "cause": "x"}`))
	f.Add("ListExecutions", []byte(`null`))
	f.Fuzz(func(t *testing.T, action string, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "AWSStepFunctions."+action)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		var out map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		name, _ := out["__type"].(string)
		refused := w.Code == http.StatusBadRequest || w.Code == http.StatusRequestEntityTooLarge
		if w.Code != http.StatusOK && (!refused || name == "") {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}

// Every definition can be served in both types.
func TestEveryDefinitionIsServed(t *testing.T) {
	all := map[string]statesapi.Machine{}
	for _, name := range statemachines.Names() {
		all[name] = statesapi.Machine{Definition: name, Type: statesapi.Standard, Timeout: time.Second}
		all[name+"-express"] = statesapi.Machine{Definition: name, Type: statesapi.Express, Timeout: time.Second}
	}
	a := serve(t, statesapi.Options{Machines: all}, local.Options{})
	for name := range all {
		arn := a.started("StartExecution", `{"stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:`+name+`"}`)
		if !strings.Contains(arn, ":"+name+":") {
			t.Errorf("%s: %s", name, arn)
		}
	}
}
