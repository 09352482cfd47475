package statesapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/host/statesapi"
)

// The clock of a synctest bubble begins here.
const midnight = 946684800.0 // 2000-01-01T00:00:00Z

func TestAStandardExecutionIsStartedAndShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		const arn = "arn:aws:states:us-east-1:000000000000:execution:execute:op-1"
		time.Sleep(250 * time.Millisecond) // virtual
		got := a.call("StartExecution", start(standard, "op-1", input("a")))
		want := reply{http.StatusOK, map[string]any{"executionArn": arn, "startDate": midnight + 0.25}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		shown := map[string]any{
			"executionArn": arn, "stateMachineArn": standard, "name": "op-1", "status": "RUNNING",
			"startDate": midnight + 0.25, "input": input("a"), "inputDetails": map[string]any{"included": true},
		}
		if diff := cmp.Diff(reply{http.StatusOK, shown}, a.describe(arn)); diff != "" {
			t.Errorf("while it runs: want -, got +:\n%s", diff)
		}
		time.Sleep(2 * time.Second) // virtual
		shown["status"], shown["stopDate"] = "SUCCEEDED", midnight+1.25
		shown["output"], shown["outputDetails"] = `{"decision":"DONE"}`, map[string]any{"included": true}
		if diff := cmp.Diff(reply{http.StatusOK, shown}, a.describe(arn)); diff != "" {
			t.Errorf("at its end: want -, got +:\n%s", diff)
		}
	})
}

func TestANameOfAStandardMachineIsTakenOnce(t *testing.T) {
	const arn = "arn:aws:states:us-east-1:000000000000:execution:execute:op-1"
	same := reply{http.StatusOK, map[string]any{"executionArn": arn, "startDate": midnight}}
	taken := reply{http.StatusBadRequest, map[string]any{"__type": "ExecutionAlreadyExists", "message": "Execution Already Exists: '" + arn + "'"}}
	for name, c := range map[string]struct {
		input string
		after time.Duration
		want  reply
	}{
		"by one that runs, with the same input: it is the one": {input("a"), 900 * time.Millisecond, same},
		"by one that runs, with another input":                 {input("slow"), 900 * time.Millisecond, taken},
		"by one that has ended":                                {input("a"), 1100 * time.Millisecond, taken},
		"by one that has ended, with another input":            {input("slow"), 1100 * time.Millisecond, taken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := serve(t, statesapi.Options{}, local.Options{})
				a.started("StartExecution", start(standard, "op-1", input("a")))
				time.Sleep(c.after) // virtual
				if diff := cmp.Diff(c.want, a.call("StartExecution", start(standard, "op-1", c.input))); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
				time.Sleep(time.Minute) // virtual
				if n := a.calls.Load(); n != 1 {
					t.Errorf("the function was called %d times", n)
				}
			})
		})
	}
}

// The same name at two machines is two names.
func TestNamesBelongToTheirMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		more := machines()
		more["other"] = more["execute"]
		a := serve(t, statesapi.Options{Machines: more, Region: "eu-north-1", Account: "123456789012"}, local.Options{})
		const prefix = "arn:aws:states:eu-north-1:123456789012:"
		for _, m := range []string{"execute", "other"} {
			got := a.started("StartExecution", start(prefix+"stateMachine:"+m, "op-1", input("a")))
			if want := prefix + "execution:" + m + ":op-1"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		time.Sleep(time.Minute) // virtual
		if n := a.calls.Load(); n != 2 {
			t.Errorf("the function was called %d times", n)
		}
	})
}

func TestManyWhoStartOneNameStartOneExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				for i := range 20 {
					a.started("StartExecution", start(standard, fmt.Sprint("op-", i), input("a")))
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute) // virtual
		if n := a.calls.Load(); n != 20 {
			t.Errorf("the function was called %d times, want 20", n)
		}
	})
}

func TestAnExecutionWithoutNameAndInputGetsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		body := `{"stateMachineArn": "` + standard + `"}`
		one, other := a.started("StartExecution", body), a.started("StartExecution", body)
		if one == other {
			t.Errorf("both are %s", one)
		}
		time.Sleep(time.Minute) // virtual
		got := a.describe(one)
		if got.Body["input"] != "{}" || got.Body["status"] != "FAILED" || got.Body["error"] != "States.Runtime" {
			t.Errorf("shown as %v", got.Body)
		}
	})
}

func TestTheNamesOfTheLastOnesToEndAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{Closed: 2}, local.Options{})
		a.started("StartExecution", start(standard, "long", input("slow")))
		for i := range 3 {
			a.started("StartExecution", start(standard, fmt.Sprint("op-", i), input("a")))
			time.Sleep(2 * time.Second) // virtual
		}
		for _, name := range []string{"op-1", "op-2", "long"} {
			if got := a.call("StartExecution", start(standard, name, input("fails"))); got.Body["__type"] != "ExecutionAlreadyExists" {
				t.Errorf("%s: %+v, want that it exists", name, got)
			}
		}
		a.started("StartExecution", start(standard, "op-0", input("fails"))) // the oldest is forgotten
	})
}

func TestASynchronousExecutionIsAnsweredAtItsEnd(t *testing.T) {
	const stopped = "The operation ended without its wish; its record says why."
	included := map[string]any{"included": true}
	for name, c := range map[string]struct {
		machine, input string
		stop           float64
		want           map[string]any
	}{
		"that succeeded": {express, input("a"), 1, map[string]any{"status": "SUCCEEDED", "output": `{"decision":"DONE"}`, "outputDetails": included}},
		"that failed":    {express, input("fails"), 0, map[string]any{"status": "FAILED", "error": "Ohfp.Stopped", "cause": stopped}},
		"that took too long": {express, input("slow"), 27, map[string]any{
			"status": "TIMED_OUT", "error": "States.Timeout", "cause": "the execution took longer than its time-out",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := serve(t, statesapi.Options{}, local.Options{})
				got := a.call("StartSyncExecution", start(c.machine, "op-1", c.input))
				arn, _ := got.Body["executionArn"].(string)
				if id := arn[len("arn:aws:states:us-east-1:000000000000:express:execute-express:op-1:"):]; len(id) != 36 {
					t.Errorf("it is called %s", arn)
				}
				c.want["executionArn"], c.want["stateMachineArn"], c.want["name"] = arn, c.machine, "op-1"
				c.want["startDate"], c.want["stopDate"] = midnight, midnight+c.stop
				c.want["input"], c.want["inputDetails"] = c.input, included
				if diff := cmp.Diff(reply{http.StatusOK, c.want}, got); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		})
	}
}

func TestExpressExecutionsOfOneNameAllRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		arns := map[string]bool{}
		for _, action := range []string{"StartSyncExecution", "StartSyncExecution", "StartExecution", "StartExecution"} {
			arns[a.started(action, start(express, "op-1", input("a")))] = true
		}
		time.Sleep(time.Minute) // virtual
		if n := a.calls.Load(); n != 4 || len(arns) != 4 {
			t.Errorf("the function was called %d times, want 4; executions: %v", n, arns)
		}
	})
}

func TestASynchronousExecutionOutlivesItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := make(chan local.Result, 1)
		a := serve(t, statesapi.Options{}, local.Options{Ended: func(_ local.Execution, r local.Result) { ended <- r }})
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		if got := a.callWith(ctx, "StartSyncExecution", start(express, "op-1", input("a"))); got.Status != http.StatusInternalServerError {
			t.Errorf("%+v", got)
		}
		if took := time.Since(began); took != 300*time.Millisecond {
			t.Errorf("the caller was held for %v", took)
		}
		if r := <-ended; r.Status() != local.Succeeded || time.Since(began) != time.Second {
			t.Errorf("%s after %v", r.Status(), time.Since(began))
		}
	})
}

func TestARunnerThatIsFullOrStoppedTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{Running: 1, Queued: 1})
		cut := make(chan reply, 1)
		go func() { cut <- a.call("StartSyncExecution", start(express, "op-0", input("slow"))) }()
		synctest.Wait()
		a.started("StartExecution", start(standard, "op-1", input("slow")))
		if got := a.call("StartExecution", start(standard, "op-2", input("a"))); got.Status != 400 || got.Body["__type"] != "ExecutionLimitExceeded" {
			t.Errorf("full: %+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := a.runner.Stop(ctx); err == nil {
			t.Error("nothing was cut short")
		}
		if got := <-cut; got.Status != 503 || got.Body["__type"] != "ServiceUnavailable" {
			t.Errorf("cut short: %+v", got)
		}
		if got := a.call("StartExecution", start(standard, "op-2", input("a"))); got.Status != 503 || got.Body["__type"] != "ServiceUnavailable" {
			t.Errorf("stopped: %+v", got)
		}
	})
}

func TestMachinesThatCouldNotRunAreRefused(t *testing.T) {
	for name, m := range map[string]statesapi.Machine{
		"lost":      {Definition: "lost", Type: statesapi.Express, Timeout: time.Second},
		"typeless":  {Definition: "reconcile", Timeout: time.Second},
		"timeless":  {Definition: "reconcile", Type: statesapi.Standard},
		"two words": {Definition: "reconcile", Type: statesapi.Standard, Timeout: time.Second},
		"":          {Definition: "reconcile", Type: statesapi.Standard, Timeout: time.Second},
	} {
		if _, err := statesapi.New(statesapi.Options{Machines: map[string]statesapi.Machine{name: m}}); err == nil {
			t.Errorf("%q: %+v is taken", name, m)
		}
	}
}

func TestInputIsShownOnlyToThoseWhoWantIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := serve(t, statesapi.Options{}, local.Options{})
		arn := a.started("StartExecution", start(standard, "op-1", input("a")))
		time.Sleep(time.Minute) // virtual
		sparse := []reply{
			a.call("DescribeExecution", fmt.Sprintf(`{"executionArn": %q, "includedData": "METADATA_ONLY"}`, arn)),
			a.call("StartSyncExecution", fmt.Sprintf(`{"stateMachineArn": %q, "input": %s, "includedData": "METADATA_ONLY"}`, express, quoted(input("a")))),
		}
		for _, got := range sparse {
			text, err := json.Marshal(got.Body["inputDetails"])
			if err != nil || string(text) != `{"included":false}` || got.Body["input"] != nil || got.Body["output"] != nil || got.Body["status"] != "SUCCEEDED" {
				t.Errorf("%+v, %v", got, err)
			}
		}
	})
}
