package local_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

func begin(t *testing.T, r *local.Runner, e local.Execution) local.Handle {
	t.Helper()
	h, err := r.Begin(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// sometime is a result less its times.
var sometime = cmpopts.IgnoreFields(local.Result{}, "Started", "Ended")

func TestAnExecutionThatWasBegunShowsHowItEnded(t *testing.T) {
	for name, c := range map[string]struct {
		function local.Function
		timeout  time.Duration
		status   walk.Status
		took     time.Duration
		want     local.Result
	}{
		"well": {
			answers(time.Second), 27 * time.Second, "SUCCEEDED", time.Second,
			local.Result{Output: json.RawMessage(`{"decision":"DONE"}`), States: 1},
		},
		"with an error": {
			fails(time.Second), 27 * time.Second, "FAILED", time.Second,
			local.Result{States: 4, Failure: &walk.Failure{
				Status: walk.Failed, Name: "Ohfp.Stopped", Cause: "The operation ended without its wish; its record says why.",
			}},
		},
		"at its time-out": {
			answers(5 * time.Second), 3 * time.Second, "TIMED_OUT", 3 * time.Second,
			local.Result{States: 1, Failure: &walk.Failure{
				Status: walk.TimedOut, Name: "States.Timeout", Cause: "the execution took longer than its time-out",
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := open(t, local.Options{Invoker: local.Functions{"a": c.function, "settle": stops}})
				e := execute("op-1", "a")
				e.Timeout = c.timeout
				began := time.Now()
				h := begin(t, r, e)
				if _, ended := h.Result(); ended || !h.Started().Equal(began) {
					t.Errorf("it has ended already, or was begun at %v", h.Started())
				}
				<-h.Done()
				got, ended := h.Result()
				if diff := cmp.Diff(c.want, got, sometime); diff != "" || !ended || got.Status() != c.status {
					t.Errorf("%v %s: want -, got +:\n%s", ended, got.Status(), diff)
				}
				if took := got.Ended.Sub(got.Started); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
			})
		})
	}
}

func TestAnExecutionIsAbortedForAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := open(t, local.Options{Invoker: local.Functions{"a": answers(time.Hour)}, Running: 1})
		running := begin(t, r, execute("op-1", "a"))
		synctest.Wait()
		queued := begin(t, r, execute("op-2", "a"))
		began := time.Now()
		queued.Abort(errors.New("enough"))
		<-queued.Done()
		running.Abort(&walk.TaskError{Name: "Stop", Cause: "enough"})
		<-running.Done()
		want := local.Result{Failure: &walk.Failure{Status: walk.Aborted, Cause: "enough"}}
		if got, _ := queued.Result(); !cmp.Equal(want, got, sometime) {
			t.Errorf("queued: want -, got +:\n%s", cmp.Diff(want, got, sometime))
		}
		want = local.Result{States: 1, Failure: &walk.Failure{Status: walk.Aborted, Name: "Stop", Cause: "enough"}}
		running.Abort(errors.New("more than enough")) // too late
		if got, _ := running.Result(); !cmp.Equal(want, got, sometime) {
			t.Errorf("running: want -, got +:\n%s", cmp.Diff(want, got, sometime))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheObserverIsToldOfEveryEndBeforeThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		states := map[string]int{}
		r, _ := open(t, local.Options{
			Invoker: local.Functions{"a": answers(time.Second), "settle": stops},
			Ended: func(e local.Execution, got local.Result) {
				mu.Lock()
				defer mu.Unlock()
				states[e.Machine+" "+e.Name+" "+string(got.Status())] += got.States
			},
		})
		start(t, r, execute("op-1", "a"))
		start(t, r, execute("op-2", "lost"))
		wait(t, r, "op-1")
		wait(t, r, "op-2")
		want := map[string]int{"execute_with_failover op-1 SUCCEEDED": 1, "execute_with_failover op-2 FAILED": 4}
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff(want, states); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}
