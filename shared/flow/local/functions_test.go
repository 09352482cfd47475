package local_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// settles records the errors that settle was told of.
type settles struct {
	mu   sync.Mutex
	told []map[string]string
}

func (s *settles) settle(ctx context.Context, payload json.RawMessage) (json.RawMessage, error) {
	var in struct {
		Error map[string]string `json:"error"`
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, in.Error)
	return stops(ctx, payload)
}

func TestAFunctionsErrorReachesSettleUnderItsName(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want map[string]string
	}{
		"a task error": {
			&walk.TaskError{Name: "Ohfp.Partial", Cause: "3 of 5"},
			map[string]string{"Error": "Ohfp.Partial", "Cause": "3 of 5"},
		},
		"a step's own error, wrapped": {
			fmt.Errorf("recording: %w", &fault.Task{Name: fault.ASLPending, Cause: "filling"}),
			map[string]string{"Error": "Ohfp.Pending", "Cause": "filling"},
		},
		"a provider's error, wrapped": {
			fmt.Errorf("creating: %w", &fault.ProviderError{Class: fault.Capacity, Message: "pool empty"}),
			map[string]string{"Error": "Ohfp.Capacity", "Cause": "CAPACITY: pool empty"},
		},
		"any other error": {
			errors.New("disk full"),
			map[string]string{"Error": "Lambda.Unknown", "Cause": "disk full"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &settles{}
				fails := func(context.Context, json.RawMessage) (json.RawMessage, error) { return nil, c.err }
				r, _ := open(t, local.Options{Invoker: local.Functions{"a": fails, "settle": s.settle}})
				start(t, r, execute("op-1", "a"))
				wait(t, r, "op-1")
				if diff := cmp.Diff([]map[string]string{c.want}, s.told); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		})
	}
}

func TestAMissingFunctionReachesSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &settles{}
		r, log := open(t, local.Options{Invoker: local.Functions{"settle": s.settle}})
		start(t, r, execute("op-1", "attempt-azure"))
		wait(t, r, "op-1")
		want := []map[string]string{{"Error": "Lambda.ResourceNotFoundException", "Cause": `there is no function "attempt-azure"`}}
		if diff := cmp.Diff(want, s.told); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		if got := log.ended(t)[0]; got["status"] != "FAILED" || got["error"] != "Ohfp.Stopped" || got["states"] != 4.0 {
			t.Errorf("logged %v", got)
		}
	})
}

func TestAPanicTakesItsFunctionDownAndNothingElse(t *testing.T) {
	type secret struct{ text string }
	for name, panics := range map[string]func(){
		"with a value":           func() { panic(secret{"user data"}) },
		"with a text":            func() { panic("user data") },
		"with a runtime's error": func() { _ = []string{"user data"}[len(secret{}.text)+1] },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &settles{}
				falls := func(context.Context, json.RawMessage) (json.RawMessage, error) { panics(); return nil, nil }
				r, log := open(t, local.Options{Invoker: local.Functions{"a": falls, "settle": s.settle}})
				start(t, r, execute("op-1", "a"))
				wait(t, r, "op-1")
				want := []map[string]string{{"Error": "Lambda.Unknown", "Cause": "the function panicked"}}
				if diff := cmp.Diff(want, s.told); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
				if !log.contains("functions_test.go") {
					t.Error("the log has no stack")
				}
				if log.contains("user data") {
					t.Error("the log tells what the request held")
				}
			})
		})
	}
}
