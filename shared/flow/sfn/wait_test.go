package sfn_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/sfn"
)

func TestAWaitLooksSoonAndThenOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		a.ledger.set("op-1", broker.OpUnknown) // open: it may still be learnt
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		began := time.Now()
		if err := f.WaitOperation(ctx, "op-1"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		looks := a.ledger.looks(began)
		if looks[0] != 40*time.Millisecond {
			t.Errorf("the first look is after %v", looks[0])
		}
		last := looks[0]
		for i := 1; i < len(looks); i++ {
			pause := looks[i] - looks[i-1]
			if pause < last || pause > time.Second {
				t.Errorf("look %d comes %v after the last one, which came after %v", i, pause, last)
			}
			last = pause
		}
		if n := len(looks); n < 28 || n > 34 {
			t.Errorf("%d looks in 25 s", n)
		}
	})
}

func TestEveryFinalStatusEndsAWait(t *testing.T) {
	for _, status := range []broker.OperationStatus{broker.OpSucceeded, broker.OpPartial, broker.OpFailed, broker.OpCancelled} {
		synctest.Test(t, func(t *testing.T) {
			a := newAWS(t)
			f := a.open(nil)
			a.ledger.set("op-1", status)
			if err := f.WaitOperation(t.Context(), "op-1"); err != nil {
				t.Errorf("%s: %v", status, err)
			}
		})
	}
}

func TestAHiccupOfTheLedgerDoesNotEndAWait(t *testing.T) {
	down := fault.New(fault.StoreUnavailable, "the store is away")
	failing := func(reads ...int) func(int) error {
		return func(i int) error {
			if slices.Contains(reads, i) {
				return down
			}
			return nil
		}
	}
	for name, c := range map[string]struct {
		fail  func(int) error
		reads int
		want  error
	}{
		"of three readings in a row": {failing(0, 1, 2), 4, nil},
		"of five readings, not in a row": {func(i int) error {
			if i == 3 {
				return nil // and it is still running then
			}
			return failing(0, 1, 2, 4, 5)(i)
		}, 7, nil},
		"unless it goes on": {failing(0, 1, 2, 3), 4, down},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(nil)
				a.ledger.set("op-1", broker.OpRunning)
				a.ledger.fail = func(i int) error {
					if i == c.reads-1 {
						a.ledger.operations["op-1"] = broker.OpSucceeded
					}
					return c.fail(i)
				}
				err := f.WaitOperation(t.Context(), "op-1")
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if c.want != nil && !strings.HasPrefix(err.Error(), "reading operation op-1: ") {
					t.Errorf("it does not say what was done: %v", err)
				}
				if n := len(a.ledger.looks(time.Now())); n != c.reads {
					t.Errorf("%d readings, want %d", n, c.reads)
				}
			})
		})
	}
}

func TestAnOperationThatIsNotThereIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		if err := f.WaitOperation(t.Context(), "lost"); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v", err)
		}
		if n := len(a.ledger.looks(time.Now())); n != 1 {
			t.Errorf("%d readings", n)
		}
	})
}

// What reads is joined: the ledger is not asked, and one request is made
// whatever becomes of it.
func TestAnExpressExecutionIsJoinedHoweverItEnds(t *testing.T) {
	began := map[string]any{"execution": "op-1", "operation_id": "op-1"}
	line := func(more map[string]any) []map[string]any {
		for k, v := range began {
			more[k] = v
		}
		return []map[string]any{more}
	}
	for name, c := range map[string]struct {
		function string
		meets    trouble
		took     time.Duration
		want     []map[string]any
	}{
		"well": {"a", none, time.Second, nil},
		"with an error": {"fails", none, 0, line(map[string]any{
			"level": "WARN", "msg": "an execution did not succeed", "status": "FAILED", "error": "Ohfp.Stopped",
		})},
		"at its time-out": {"slow", none, 27 * time.Second, line(map[string]any{
			"level": "WARN", "msg": "an execution did not succeed", "status": "TIMED_OUT", "error": "States.Timeout",
		})},
		"with a throttle":               {"a", throttle, 0, line(map[string]any{"level": "ERROR"})},
		"with a 500":                    {"a", broken, 0, line(map[string]any{"level": "ERROR"})},
		"with a 500 when all is done":   {"a", brokenAfter, time.Second, line(map[string]any{"level": "ERROR"})},
		"without an answer":             {"a", lost, time.Second, line(map[string]any{"level": "ERROR"})},
		"without an answer, for longer": {"a", hang, 30 * time.Second, line(map[string]any{"level": "INFO", "msg": "an execution was left before its end", "reason": "context deadline exceeded"})},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(nil)
				a.meet(c.meets)
				began := time.Now()
				begin(t, f, reading("op-1", c.function))
				if err := f.WaitOperation(t.Context(), "op-1"); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				time.Sleep(time.Hour) // virtual: nothing comes after
				if requests, _ := a.seen(); !cmp.Equal([]string{"StartSyncExecution"}, requests) {
					t.Errorf("requests: %v", requests)
				}
				if looks := a.ledger.looks(began); looks != nil {
					t.Errorf("the ledger was read: %v", looks)
				}
				got := a.log.lines(t)
				if len(got) == 1 && got[0]["level"] == "ERROR" {
					if got[0]["msg"] != "running an execution failed; the operation will be resumed" || got[0]["error"] == "" {
						t.Errorf("%v", got[0])
					}
					delete(got[0], "msg")
					delete(got[0], "error")
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		})
	}
}

// The caller's request ends, and with it the wait of this process. The
// execution itself goes on.
func TestAnExpressExecutionIsLeftWhenItsCallerIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		ctx, cancel := context.WithCancel(t.Context())
		if err := f.StartOperation(ctx, reading("op-1", "a")); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		want := []map[string]any{{
			"level": "INFO", "msg": "an execution was left before its end",
			"execution": "op-1", "operation_id": "op-1", "reason": "context canceled",
		}}
		if diff := cmp.Diff(want, a.log.lines(t)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
		a.ledger.set("op-1", broker.OpRunning)
		began := time.Now()
		if err := f.WaitOperation(t.Context(), "op-1"); err != nil { // nothing to join: the ledger says
			t.Error(err)
		}
		if took := time.Since(began); took != 1286875*time.Microsecond || len(a.ledger.looks(began)) != 7 {
			t.Errorf("it took %v, %d readings", took, len(a.ledger.looks(began)))
		}
	})
}

func TestTwoMayWaitForOneExpressExecution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		begin(t, f, reading("op-1", "a"))
		began := time.Now()
		waits := make(chan error, 2)
		for range 2 {
			go func() { waits <- f.WaitOperation(t.Context(), "op-1") }()
		}
		for range 2 {
			if err := <-waits; err != nil || time.Since(began) != time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
		}
	})
}

// A second run of an operation, after the first was left, is the one to join;
// once it has been joined, the ledger knows.
func TestTheLastExpressExecutionOfAnOperationIsJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		ctx, cancel := context.WithCancel(t.Context())
		if err := f.StartOperation(ctx, reading("op-1", "slow")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		begin(t, f, reading("op-1", "a"))
		cancel()
		synctest.Wait()
		if err := f.WaitOperation(t.Context(), "op-1"); err != nil || time.Since(began) != time.Second || len(a.ledger.looks(began)) != 0 {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		synctest.Wait()
		if err := f.WaitOperation(t.Context(), "op-1"); err != nil || len(a.ledger.looks(began)) != 1 {
			t.Errorf("%v; the ledger was read %v", err, a.ledger.looks(began))
		}
	})
}

func TestProbeNow(t *testing.T) {
	nothing := func(a *aws) {}
	for name, c := range map[string]struct {
		arrange func(*aws)
		took    time.Duration
		want    string // the error says
	}{
		"returns when the check is recorded":        {nothing, 0, ""},
		"fails when nothing was recorded":           {func(a *aws) { a.functions["probe"] = a.functions["fails"] }, 0, "nothing was recorded"},
		"fails when nobody checks the provider":     {func(a *aws) { a.functions["due"] = answers(`{"providers": []}`) }, 0, "no function checks it"},
		"fails when the workflow fails":             {func(a *aws) { a.functions["due"] = a.functions["fails"] }, 0, "the workflow ended FAILED: Lambda.Unknown"},
		"fails when the check takes too long":       {func(a *aws) { a.functions["probe"] = a.functions["slow"] }, 4 * time.Second, "context deadline exceeded"},
		"is not sent again after a throttle":        {func(a *aws) { a.meet(throttle) }, 0, "ThrottlingException"},
		"is not sent again when the answer is lost": {func(a *aws) { a.meet(lost) }, 0, "StartSyncExecution"},
		"fails in time when nothing answers":        {func(a *aws) { a.meet(hang) }, 4 * time.Second, "context deadline exceeded"},
		"fails when one of several was not recorded": {func(a *aws) {
			a.functions["due"] = answers(`{"providers": [{"function": "probe", "timeout_seconds": 7}, {"function": "fails", "timeout_seconds": 7}]}`)
		}, 0, "nothing was recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				c.arrange(a)
				f := a.open(nil)
				began := time.Now()
				err := f.ProbeNow(t.Context(), "pool", "static")
				switch {
				case c.want == "" && err != nil:
					t.Error(err)
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), `checking provider "pool": `)):
					t.Errorf("got %v, want %s", err, c.want)
				case err != nil && strings.Contains(err.Error(), canary):
					t.Errorf("it tells too much: %v", err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("it took %v, want %v", took, c.took)
				}
				if requests, _ := a.seen(); !cmp.Equal([]string{"StartSyncExecution"}, requests) {
					t.Errorf("requests: %v", requests)
				}
			})
		})
	}
}

func TestProbeNowNamesTheProviderAndTheFunction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(func(o *sfn.Options) { o.Due = "ohfp-due" })
		a.functions["ohfp-due"] = a.functions["due"]
		if err := f.ProbeNow(t.Context(), `po"ol`, "static"); err != nil {
			t.Error(err)
		}
		want := `{"input":"{\"functions\":{\"due\":\"ohfp-due\"},\"due\":{\"provider_name\":\"po\\\"ol\"}}","stateMachineArn":"` + arnPrefix + `health-check"}`
		if diff := cmp.Diff([]string{want}, a.bodies); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}
