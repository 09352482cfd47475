package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func (s *site) cancel(id string, with ...func(*op.Call)) (op.Answer, *fault.Error) {
	s.Helper()
	return s.call("cancelOperation", fmt.Sprintf(`{"operation_id": %q}`, id), with...)
}

// cancels cancels an operation and returns it.
func (s *site) cancels(id string) broker.OperationView {
	s.Helper()
	a := s.ok(s.cancel(id))
	s.equal(200, a.Status)
	return decode[broker.OperationView](s, a.Body)
}

// waited is what a caller who waits got in the end.
type waited struct {
	view broker.OperationView
	code fault.Code
}

// inBackground executes while the test goes on.
func (s *site) inBackground(body string) chan waited {
	done := make(chan waited, 1)
	go func() {
		v, code := s.execute(body)
		done <- waited{v, code}
	}()
	return done
}

// slowly lets each write of that name take so long, before it happens.
func (s *site) slowly(name string, d time.Duration) {
	s.store.setGate(func(_ context.Context, write string, after bool) error {
		if write == name && !after {
			pass(d)
		}
		return nil
	})
}

func TestWhatWasNotSentIsCancelledAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.slowly("live begin", 5*time.Second)
		done := s.inBackground(create(3, ""))
		pass(time.Second)
		v := s.cancels("op-1")
		s.equal([]any{broker.OpCancelled, "ada"}, []any{v.Status, v.CancelledBy.Principal})
		s.equal(time.Now().UTC(), v.CancelledAt.UTC())
		s.equal([]string{"a NONE 0/3 CANCELLED"}, attempts(v))
		w := <-done // who waits for it is told
		s.equal([]any{broker.OpCancelled, fault.Code("")}, []any{w.view.Status, w.code})
		s.calls("a", sim.Create, 0)
		s.calls("b", sim.Create, 0)
		s.truth(0)
		s.equal(v, s.cancels("op-1"))
	})
}

func TestWhatWasSentIsFinishedAndNothingIsAskedForElsewhere(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		done := s.inBackground(create(5, ""))
		pass(time.Second)
		v := s.cancels("op-1")
		s.equal([]any{broker.OpRunning, true}, []any{v.Status, v.CancelledAt != nil})
		w := <-done
		s.equal([]any{broker.OpCancelled, fault.Code(""), 2}, []any{w.view.Status, w.code, *w.view.Result.Created})
		s.equal([]string{"a CONFIRMED 2/5 CAPACITY"}, attempts(w.view))
		s.calls("b", sim.Create, 0)
		s.truth(2)
		s.equal(w.view, s.cancels("op-1"))

		_, code := s.execute(end(machines(w.view)...)) // they are the caller's
		s.equal(fault.Code(""), code)
		s.truth(0)
	})
}

func TestACancelledOperationWhoseWholeWishIsMadeHasSucceeded(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		done := s.inBackground(create(2, ""))
		pass(time.Second)
		s.cancels("op-1")
		s.equal(broker.OpSucceeded, (<-done).view.Status)
		s.equal(broker.OpSucceeded, s.cancels("op-1").Status) // asked once more
		s.truth(2)
	})
}

func TestWhatACancelledOperationMayHaveMadeIsLookedUpAndNotAskedForAgain(t *testing.T) {
	for name, effect := range map[string]bool{"the machines exist": true, "they do not": false} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
				s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second, Err: fails(fault.Timeout, true), Effect: effect, Most: 2})
				done := s.inBackground(create(3, ""))
				pass(time.Second)
				s.cancels("op-1")
				w := <-done
				v := s.later(w.view.ID, 5)
				s.equal(broker.OpCancelled, v.Status)
				s.calls("a", sim.Create, 1)
				s.calls("b", sim.Create, 0)
				s.truth(map[bool]int{true: 2}[effect])
				s.equal(map[bool]int{true: 2}[effect], len(machines(v)))
			})
		})
	}
}

func TestARetryThatWaitsIsNotMadeOnceCancelled(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		hint := fails(fault.Throttle, true)
		hint.RetryAfter = 4 * time.Second
		s.sims["a"].Script(sim.Create, sim.Step{Err: hint})
		done := s.inBackground(create(1, ""))
		pass(time.Second)
		s.equal(broker.OpCancelled, s.cancels("op-1").Status)
		<-done
		s.calls("a", sim.Create, 1)
		s.calls("b", sim.Create, 0)
		s.truth(0)
	})
}

func TestAQuestionIsCancelledThoughItIsBeingAnswered(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Status, sim.Step{Latency: 3 * time.Second})
		made, _ := s.execute(create(1, ""))
		done := s.inBackground(about("GET_INSTANCE_STATUS", machines(made)...))
		pass(time.Second)
		s.equal(broker.OpCancelled, s.cancels("op-2").Status)
		s.equal(broker.OpCancelled, (<-done).view.Status)
	})
}

func TestATerminationIsCancelledUntilItWasSent(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		s.slowly("live begin", 3*time.Second)
		done := s.inBackground(end(ids...))
		pass(time.Second)
		v := s.cancels("op-3")
		s.equal(broker.OpCancelled, v.Status)
		s.equal(map[string]bool{ids[0]: false, ids[1]: false, ids[2]: false, ids[3]: false}, results(v))
		s.equal(broker.OpCancelled, (<-done).view.Status)
		s.truth(4)

		s.store.setGate(nil)
		s.sims["b"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		done = s.inBackground(end(ids...))
		pass(5 * time.Second)
		a, err := s.cancel("op-4")
		e := s.refused(fault.Conflict, a, err)
		s.equal("op-4", e.OperationID)
		s.sims["b"].Reset()
		<-done
		s.equal(broker.OpSucceeded, s.later("op-4", 5).Status)
		s.truth(0)
	})
}

func TestWhatHasEndedOrIsUnknownCannotBeCancelled(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		a, err := s.cancel("nobody")
		s.refused(fault.NotFound, a, err)
		for _, want := range []broker.OperationStatus{broker.OpSucceeded, broker.OpFailed} { // then a is full
			v, _ := s.execute(create(1, ""))
			s.equal(want, v.Status)
			a, err := s.cancel(v.ID)
			e := s.refused(fault.Conflict, a, err)
			s.equal(v.ID, e.OperationID)
			got := s.get(v.ID)
			s.equal([]any{want, true}, []any{got.Status, got.CancelledAt == nil})
		}
	})
}

func TestACancelledOperationWhoseProcessDiedEndsCancelled(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second, Effect: true, Most: 1, Err: fails(fault.Timeout, true)})
		v, _ := s.execute(create(4, ""), async)
		pass(time.Second)
		s.cancels(v.ID)
		s.store.setGate(func(context.Context, string, bool) error { return errDead })
		s.stop()
		next := s.open(s.T)
		if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
			s.Fatal(err)
		}
		synctest.Wait()
		v = next.later(v.ID, 5)
		s.equal(broker.OpCancelled, v.Status)
		s.calls("a", sim.Create, 1)
		s.calls("b", sim.Create, 0)
		next.truth(len(machines(v)))
	})
}

// Another broker cancels at each boundary of an operation in turn: of the
// cancellation and the worker one comes first, and what exists is what is
// shown.
func TestACancellationAtAnyBoundaryHasOneWinner(t *testing.T) {
	for _, st := range stories {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			steps := st.steps(t)
			for n := 3; n <= steps; n++ { // after the claim
				inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) { st.cancelled(s, n) })
			}
		})
	}
}

func (st story) cancelled(s *site, n int) {
	body := st.begin(s)
	before, other := s.exist(), s.open(s.T)
	id := fmt.Sprintf("op-%d", s.ids.Load()+1)
	var refused *fault.Error
	var calls int
	gate, _ := boundaries(n, func() error {
		_, refused = other.cancel(id)
		calls = s.sims["a"].Calls(sim.Create) + s.sims["b"].Calls(sim.Create)
		return nil
	})
	s.store.setGate(gate)
	s.execute(body)
	v := other.later(id, 10)
	switch {
	case refused != nil && refused.Code != fault.Conflict:
		s.Errorf("cancelled at boundary %d: %v", n, refused)
	case refused == nil && v.Status != broker.OpCancelled && v.Status != broker.OpSucceeded,
		refused != nil && v.Status != broker.OpSucceeded && !st.fails:
		s.Errorf("cancelled at boundary %d (%v): %s %q", n, refused, v.Status, attempts(v))
	}
	if later := s.sims["a"].Calls(sim.Create) + s.sims["b"].Calls(sim.Create) - calls; refused == nil && later > 1 { // one may be on its way
		s.Errorf("cancelled at boundary %d: %d creates were sent after it", n, later)
	}
	if before > 0 { // a termination
		if v.Status == broker.OpCancelled {
			other.truth(before)
		}
		return
	}
	other.truth(*v.Result.Created)
	if st.fails {
		other.truth(0)
	}
}
