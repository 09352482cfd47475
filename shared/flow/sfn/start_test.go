package sfn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/flow/sfn"
)

func TestOnlyWhatReadsForACallerWhoWaitsRunsAsExpress(t *testing.T) {
	for _, c := range []struct {
		readOnly, awaited bool
		want              string
	}{
		{false, false, "StartExecution"},
		{false, true, "StartExecution"},
		{true, false, "StartExecution"},
		{true, true, "StartSyncExecution"},
	} {
		t.Run(fmt.Sprintf("read-only %v, awaited %v", c.readOnly, c.awaited), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(nil)
				e := mutation("op-1", "a")
				e.ReadOnly, e.Awaited = c.readOnly, c.awaited
				began := time.Now()
				begin(t, f, e)
				if took := time.Since(began); took != 0 {
					t.Errorf("the caller was held for %v", took)
				}
				time.Sleep(time.Minute) // virtual
				requests, ended := a.seen()
				if diff := cmp.Diff([]string{c.want}, requests); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
				if len(ended) != 1 || !strings.HasSuffix(ended[0], "SUCCEEDED") {
					t.Errorf("ended: %v", ended)
				}
				if f.Running("op-1") {
					t.Error("it claims to know what runs")
				}
			})
		})
	}
}

// A start that is repeated, by the SDK or by a second process, starts nothing
// again: while the first runs, when it has run, and with another input, as a
// resumed operation has.
func TestAStandardExecutionIsStartedOnceByItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f, other := a.open(nil), a.open(nil)
		begin(t, f, mutation("op-1", "a"))
		begin(t, other, mutation("op-1", "a"))
		begin(t, f, mutation("op-1", "slow"))
		time.Sleep(time.Minute) // virtual
		begin(t, f, mutation("op-1", "a"))
		begin(t, other, mutation("op-1", "fails"))
		time.Sleep(time.Minute) // virtual
		if _, ended := a.seen(); !cmp.Equal([]string{"execute:op-1 SUCCEEDED"}, ended) {
			t.Errorf("ended: %v", ended)
		}
		begin(t, f, mutation("op-1-r1", "a"))
		time.Sleep(time.Minute) // virtual
		if _, ended := a.seen(); !cmp.Equal([]string{"execute:op-1 SUCCEEDED", "execute:op-1-r1 SUCCEEDED"}, ended) {
			t.Errorf("ended: %v", ended)
		}
	})
}

func TestAStartIsRepeatedUntilItIsConfirmed(t *testing.T) {
	for _, troubles := range [][]trouble{
		{throttle},
		{broken},
		{brokenAfter},
		{lost},
		{hang},
		{throttle, throttle, throttle},
		{lost, brokenAfter, throttle},
		{hang, lost},
	} {
		t.Run(fmt.Sprint(troubles), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(nil)
				a.meet(troubles...)
				began := time.Now()
				begin(t, f, mutation("op-1", "a"))
				if took := time.Since(began); took > 6*time.Second {
					t.Errorf("it took %v", took)
				}
				time.Sleep(time.Minute) // virtual
				requests, ended := a.seen()
				if len(requests) != len(troubles)+1 {
					t.Errorf("%d requests for %d troubles", len(requests), len(troubles))
				}
				if diff := cmp.Diff([]string{"execute:op-1 SUCCEEDED"}, ended); diff != "" {
					t.Errorf("want -, got +:\n%s", diff)
				}
			})
		})
	}
}

func TestAStartIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		troubles []trouble
		change   func(*sfn.Options)
		patience time.Duration // of the caller
		requests int
		within   time.Duration
	}{
		"after four attempts":         {[]trouble{throttle, broken, throttle, broken, none}, nil, time.Minute, 4, time.Second},
		"after as many as are wanted": {[]trouble{throttle, throttle, none}, func(o *sfn.Options) { o.Attempts = 2 }, time.Minute, 2, time.Second},
		"after six seconds": {
			[]trouble{hang, hang, hang, hang}, func(o *sfn.Options) { o.AttemptTimeout = 5 * time.Second }, time.Minute, 2, 6 * time.Second,
		},
		"when its caller has no more time": {[]trouble{hang, hang, hang, hang}, nil, 700 * time.Millisecond, 1, 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(c.change)
				a.meet(c.troubles...)
				ctx, cancel := context.WithTimeout(t.Context(), c.patience)
				defer cancel()
				began := time.Now()
				err := f.StartOperation(ctx, mutation("op-1", "a"))
				if err == nil || !strings.HasPrefix(err.Error(), "starting execution op-1: ") || strings.Contains(err.Error(), canary) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took > c.within {
					t.Errorf("it took %v", took)
				}
				if requests, ended := a.seen(); len(requests) != c.requests || len(ended) != 0 {
					t.Errorf("%d requests, want %d; ended: %v", len(requests), c.requests, ended)
				}
			})
		})
	}
}

func TestWhatCannotBeStartedIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(func(o *sfn.Options) { o.ExecuteStandard = arnPrefix + "lost" })
		if err := f.StartOperation(t.Context(), mutation("op-1", "a")); err == nil || !strings.Contains(err.Error(), "StateMachineDoesNotExist") {
			t.Errorf("got %v", err)
		}
		if requests, _ := a.seen(); len(requests) != 1 {
			t.Errorf("%d requests", len(requests))
		}
	})
}

func TestAMachineWithoutARNIsNamed(t *testing.T) {
	a := newAWS(t)
	f := a.open(func(o *sfn.Options) { o.ExecuteStandard, o.ExecuteExpress, o.HealthCheck = "", "", "" })
	for want, err := range map[string]error{
		"execute_with_failover, type STANDARD": f.StartOperation(t.Context(), mutation("op-1", "a")),
		"execute_with_failover, type EXPRESS":  f.StartOperation(t.Context(), reading("op-1", "a")),
		"health_check, type EXPRESS":           f.ProbeNow(t.Context(), "pool", "static"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

// Many callers race for the same names on a line on which every request may be
// lost; each name runs once. A name that nobody gets through is refused to all
// of them: one in three requests is throttled, so that 32 see to it that there
// is none.
func TestManyStartersOnABadLineStartEachNameOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		var all sync.WaitGroup
		troubles := make([]trouble, 0, 3600)
		for range 1200 {
			troubles = append(troubles, none, lost, throttle)
		}
		a.meet(troubles...)
		refused := make(chan error, 32*25)
		for range 32 {
			all.Go(func() {
				for i := range 25 {
					if err := f.StartOperation(t.Context(), mutation(fmt.Sprint("op-", i), "a")); err != nil {
						refused <- err // four troubles in a row
					}
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute) // virtual
		_, ended := a.seen()
		count := map[string]int{}
		for _, e := range ended {
			count[e]++
		}
		for i := range 25 {
			if name := fmt.Sprintf("execute:op-%d SUCCEEDED", i); count[name] != 1 {
				t.Errorf("%s: %d times", name, count[name])
			}
		}
		if len(ended) != 25 {
			t.Errorf("%d executions", len(ended))
		}
		close(refused)
		for err := range refused {
			if !strings.HasPrefix(err.Error(), "starting execution op-") {
				t.Error(err)
			}
		}
	})
}

func TestAnOperationsWaitIsForTheLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAWS(t)
		f := a.open(nil)
		a.ledger.set("op-1", broker.OpRunning)
		began := time.Now()
		begin(t, f, mutation("op-1", "a"))
		if err := f.WaitOperation(t.Context(), "op-1"); err != nil {
			t.Fatal(err)
		}
		// The attempt takes a second.
		want := []time.Duration{40e6, 100e6, 190e6, 325e6, 527500e3, 831250e3, 1286875e3}
		if diff := cmp.Diff(want, a.ledger.looks(began)); diff != "" {
			t.Errorf("want -, got +:\n%s", diff)
		}
	})
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	for name, e := range map[string]broker.Execution{"for the ledger": mutation("op-1", "slow"), "for an execution of its own": reading("op-1", "slow")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAWS(t)
				f := a.open(nil)
				a.ledger.set("op-1", broker.OpRunning)
				begin(t, f, e)
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				began := time.Now()
				if err := f.WaitOperation(ctx, "op-1"); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
					t.Errorf("%v after %v", err, time.Since(began))
				}
			})
		})
	}
}
