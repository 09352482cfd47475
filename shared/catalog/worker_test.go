package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// claimed stores a create of n machines at a, without a workflow, and returns
// the first piece of its work.
func (s *site) claimed(n int) fulfilment.Work {
	s.Helper()
	o := broker.Operation{
		ID: s.newID(), Type: broker.CreateInstances, Status: broker.OpRunning, Wanted: n, RetryCount: 1,
		Candidates: []broker.Candidate{{Provider: "a", Kind: kind, Spec: &broker.CreateSpec{}}},
		CreatedAt:  time.Now(), Deadline: time.Now().Add(25 * time.Second), DueAt: time.Now().Add(22 * time.Second),
	}
	if err := s.stored.ClaimOperation(s.Context(), broker.Claim{Operation: o, Attempts: fulfilment.First(&o, time.Now()), Now: time.Now()}); err != nil {
		s.Fatal(err)
	}
	return fulfilment.Work{OperationID: o.ID, Attempt: 1, Run: 1, Action: fulfilment.ActCreate, DriverTimeoutMS: 5000, TimeoutSeconds: 7}
}

// work invokes the worker as a workflow does, and returns its error's name.
func (s *site) work(w fulfilment.Work) string {
	s.Helper()
	in, err := json.Marshal(w)
	if err != nil {
		s.Fatal(err)
	}
	_, err = s.steps.Invoke(s.Context(), "attempt-static", in)
	if e, ok := errors.AsType[*walk.TaskError](err); ok {
		return e.Name
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (s *site) attempt(id string, n int) broker.Attempt {
	s.Helper()
	l, err := s.stored.Ledger(s.Context(), id)
	if err != nil {
		s.Fatal(err)
	}
	return l.Attempts[n-1]
}

func TestASecondWorkerUnderTheSameFenceDoesNotCall(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 2 * time.Second})
		w := s.claimed(3)
		first := make(chan string)
		go func() { first <- s.work(w) }()
		synctest.Wait()
		s.equal(fault.ASLSuperseded, s.work(w))
		s.equal("", <-first)
		s.calls("a", sim.Create, 1)
		s.equal(fault.ASLSuperseded, s.work(w))
		s.calls("a", sim.Create, 1)
		s.truth(3)
	})
}

func TestOfTwoWorkersAtOnceOneCalls(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		// Both have read the ledger when the first of them stores SENT.
		var both sync.WaitGroup
		both.Add(2)
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "sent" && !after {
				both.Done()
				both.Wait()
			}
			return nil
		})
		w := s.claimed(3)
		ends := make(chan string, 2)
		for range 2 {
			go func() { ends <- s.work(w) }()
		}
		got := map[string]int{<-ends: 1}
		got[<-ends]++
		s.equal(map[string]int{"": 1, fault.ASLSuperseded: 1}, got)
		s.calls("a", sim.Create, 1)
		s.truth(3)
	})
}

func TestAWorkerThatWasReplacedNeitherCallsNorRecords(t *testing.T) {
	for _, c := range []struct {
		name, write string
		after       bool
		calls       int // by the first worker
	}{
		{"before it sent", "live begin", true, 0},
		{"between sent and its call", "sent", true, 0},
		{"after its call", "live end", false, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9}, func(s *site) {
				// The first worker stands still for 20 s; then the reconciler
				// of another broker has long taken over.
				slow := true
				s.store.setGate(func(_ context.Context, write string, after bool) error {
					if slow && write == c.write && after == c.after {
						slow = false
						pass(40 * time.Second)
					}
					return nil
				})
				w := s.claimed(3)
				first := make(chan string, 1)
				go func() { first <- s.work(w) }()
				pass(23 * time.Second)
				other := s.open(s.T)
				other.tick()
				s.calls("a", sim.Create, c.calls+1)
				pass(time.Minute)
				s.equal(fault.ASLSuperseded, <-first)
				s.calls("a", sim.Create, c.calls+1)
				s.equal(broker.OpSucceeded, s.get(w.OperationID).Status)
				s.truth(3)
			})
		})
	}
}

func TestACallThatWouldLeaveAfterItsTimeIsNotMade(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "sent" && after {
				pass(5 * time.Second) // storing takes as long as the call might
			}
			return nil
		})
		w := s.claimed(3)
		s.equal("Ohfp.Refused", s.work(w))
		s.calls("a", sim.Create, 0)
		s.equal(broker.NoEffect, s.attempt(w.OperationID, 1).State)
	})
}

// clocked notes how long a call may take.
type clocked struct {
	providers.Driver
	left *time.Duration
}

func (d clocked) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	at, _ := ctx.Deadline()
	*d.left = time.Until(at)
	return d.Driver.Create(ctx, spec)
}

func TestACallEndsWhenTheRecordSays(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		var left time.Duration
		s.around["a"] = func(d providers.Driver) providers.Driver { return clocked{d, &left} }
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "sent" && after {
				pass(2 * time.Second)
			}
			return nil
		})
		w := s.claimed(3)
		began := time.Now()
		s.equal("", s.work(w))
		s.equal(3*time.Second, left)
		s.equal(began.Add(5*time.Second).UTC(), s.attempt(w.OperationID, 1).SendBy.UTC())
	})
}

func TestAStoreThatFailsAtSentKeepsTheCallBack(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "sent" && after { // stored, and the answer is lost
				return fault.New(fault.StoreUnavailable, "the disk is gone")
			}
			return nil
		})
		w := s.claimed(3)
		s.equal(fault.ASLInternal, s.work(w))
		s.calls("a", sim.Create, 0)
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{int64(0), 0}, []any{row.Calls(time.Now()), row.FailRun}) // not the provider's fault
	})
}

// moveOn gives the operation another version, as whoever decides about it does.
func (s *site) moveOn(ctx context.Context, id string) error {
	l, err := s.stored.Ledger(ctx, id)
	if err != nil {
		return err
	}
	return s.stored.TakeStep(ctx, broker.Step{Operation: l.Operation})
}

func TestWhatIsDecidedOrClosedOnAnOldViewIsDoneAgainOnTheNewOne(t *testing.T) {
	for name, boundary := range map[string]string{"a decision": "step", "a record that closes": "outcome CONFIRMED and close"} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
				moved := false
				s.store.setGate(func(ctx context.Context, write string, after bool) error {
					if write != boundary || after || moved {
						return nil
					}
					moved = true
					return s.moveOn(ctx, "op-1")
				})
				v, code := s.execute(create(3, ""))
				s.equal([]any{fault.Code(""), broker.OpSucceeded, true}, []any{code, v.Status, moved})
				s.calls("b", sim.Create, 1)
				s.truth(3)
			})
		})
	}
}

func TestACallThatIsCutOffByAStopIsRecorded(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		v, _ := s.execute(create(2, ""), async)
		pass(time.Second)
		s.stop()
		synctest.Wait()
		a := s.attempt(v.ID, 1)
		s.equal([]any{broker.UnknownEffect, fault.Cancelled}, []any{a.State, a.Class})
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{int64(0), 0}, []any{row.Calls(time.Now()), row.FailRun})

		next := s.open(s.T)
		if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
			s.Fatal(err)
		}
		synctest.Wait()
		s.equal(broker.OpSucceeded, next.get(v.ID).Status)
		s.truth(2)
	})
}

func TestAWorkflowThatLivesIsNotResumed(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "live begin" && !after {
				pass(6 * time.Second) // within the task's time
			}
			return nil
		})
		v, _ := s.execute(create(1, ""), async)
		due, err := s.stored.Ledger(s.Context(), v.ID)
		if err != nil {
			s.Fatal(err)
		}
		due.Operation.DueAt = time.Now()
		if err := s.stored.TakeStep(s.Context(), broker.Step{Operation: due.Operation}); err != nil {
			s.Fatal(err)
		}
		pass(time.Second)
		s.tick()
		s.equal(1, s.attempt(v.ID, 1).Run)
		pass(6 * time.Second)
		s.equal(broker.OpSucceeded, s.get(v.ID).Status)
		s.truth(1)
	})
}

func TestAProviderThatAsksForTimeIsNotLookedUpBefore(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		hint := fails(fault.Throttle, true)
		hint.RetryAfter = 4 * time.Minute
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: hint})
		v, code := s.execute(create(2, ""))
		s.equal(fault.OutcomeUnknown, code)
		began := time.Now()
		for time.Since(began) < 4*time.Minute-time.Second {
			s.calls("a", sim.Find, 0)
			s.calls("a", sim.Create, 2)
			pass(10 * time.Second)
			s.tick()
		}
		pass(10 * time.Second)
		s.tick()
		s.calls("a", sim.Find, 1)
		s.equal(broker.OpSucceeded, s.get(v.ID).Status)
		s.truth(2)
	})
}

func TestACallerWhoLeavesWhileTheRequestIsOutIsToldSo(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "step" && !after {
				pass(time.Minute) // nobody settles what the worker left
			}
			return nil
		})
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		began := time.Now()
		v, code := s.execute(create(1, `, "timeout_seconds": 5`))
		s.equal([]any{fault.OutcomeUnknown, broker.OpRunning, 6 * time.Second}, []any{code, v.Status, time.Since(began)})
		s.store.setGate(nil)
		pass(time.Minute)
		s.equal(broker.OpSucceeded, s.later(v.ID, 5).Status)
		s.truth(1)
	})
}

func TestAnOperationWhoseWorkersCannotBeReachedEnds(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		delete(s.steps, "attempt-static")
		v, code := s.execute(create(1, ""))
		s.equal([]any{fault.ProviderFailed, broker.OpFailed}, []any{code, v.Status})
		s.equal([]string{"a NONE 0/1 DOWN", "b NONE 0/1 DOWN"}, attempts(v))
	})
}

func TestWhoCannotBeReachedIsNotAskedWithoutEnd(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: fails(fault.Quota, true)})
		s.sims["a"].Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
		v, _ := s.execute(create(1, `, "timeout_seconds": 3600`), async)
		pass(time.Hour + time.Second)
		s.equal(broker.OpUnknown, s.get(v.ID).Status)
		if n := s.sims["a"].Calls(sim.Find); n < 3 || n > 400 {
			s.Errorf("%d look-ups in an hour", n)
		}
		s.sims["a"].Reset()
		s.clearBreaker("a", broker.ClassRead)
		s.equal(broker.OpSucceeded, s.later(v.ID, 5).Status)
		s.truth(1)
	})
}

// unknown stores that a claimed attempt was sent, until so long from now, and
// that its outcome is not known; it returns the work of looking it up.
func (s *site) unknown(w fulfilment.Work, sendBy time.Duration) fulfilment.Work {
	s.Helper()
	a := s.attempt(w.OperationID, 1)
	a.State, a.SendBy, a.LookedAt = broker.UnknownEffect, time.Now().Add(sendBy), time.Now()
	err := s.stored.RecordOutcome(s.Context(), broker.Outcome{
		OperationID: w.OperationID, Attempt: broker.Fenced{Attempt: a, SeenRun: 1, SeenState: broker.Intent},
	})
	if err != nil {
		s.Fatal(err)
	}
	w.Action = fulfilment.ActFind
	return w
}

func TestALookCountsFromWhenItBegan(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		w := s.unknown(s.claimed(1), 2*time.Second)
		s.sims["a"].Script(sim.Find, sim.Step{Latency: 3 * time.Second})
		s.work(w)
		s.equal(broker.UnknownEffect, s.attempt(w.OperationID, 1).State) // a call might have left after the look began
		s.equal(fault.ASLSuperseded, s.work(w))                          // the same worker once more
		w.Run = s.attempt(w.OperationID, 1).Run
		s.work(w)
		s.equal(broker.NoEffect, s.attempt(w.OperationID, 1).State)
	})
}

func TestWhereMachinesExistUnseenTwoLooksALagApartAreNeeded(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.lag = 20 * time.Second
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: fails(fault.Capacity, true)})
		began := time.Now()
		v, _ := s.execute(create(2, `, "timeout_seconds": 300`), async)
		pass(5 * time.Minute)
		v = s.get(v.ID)
		s.equal([]any{broker.OpSucceeded, 2}, []any{v.Status, s.sims["a"].Calls(sim.Find)})
		if took := v.EndedAt.Sub(began); took < 70*time.Second {
			s.Errorf("settled after %s: a call may last 50 s, and the lag is 20 s", took)
		}
		s.calls("b", sim.Create, 0)
		s.truth(2)
	})
}

func TestAllThatADeadProcessHadInItsHandsIsResumedAtOnce(t *testing.T) {
	inMemory(t, map[string]int{"a": 999}, func(s *site) {
		for range 250 {
			s.claimed(1)
		}
		out, err := s.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`))
		if err != nil {
			s.Fatal(err)
		}
		synctest.Wait()
		s.equal(`{"resumed":250,"removed":0,"more":false}`, string(out))
		s.truth(250)
	})
}
