package catalog_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// wishing asks for machines with more parameters.
func wishing(n int, parameters, more string) string {
	return fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t", "count": %d%s}%s}`, n, parameters, more)
}

const allOrNothing = `, "all_or_nothing": true`

func TestOfAllOrNothingAPartIsGivenBack(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 1}, func(s *site) {
		v, code := s.execute(wishing(5, allOrNothing, ""))
		s.equal([]any{fault.NoProviderAvailable, broker.OpFailed, 0}, []any{code, v.Status, *v.Result.Created})
		s.equal([]string{"a CONFIRMED 2/5 CAPACITY", "b CONFIRMED 1/3 CAPACITY", "a CONFIRMED 2/2 ", "b CONFIRMED 1/1 "}, attempts(v))
		s.equal([]int{0, 0, 1, 2}, []int{v.Attempts[0].Undoes, v.Attempts[1].Undoes, v.Attempts[2].Undoes, v.Attempts[3].Undoes})
		s.equal("3 of 5 made, and 3 of those given back; a: there was room for 2 of 5; b: there was room for 1 of 3", v.Message)
		for _, m := range v.Result.Machines {
			s.equal(broker.MachineTerminated, m.Status)
		}
		s.equal(3, len(v.Result.Machines))
		s.equal(broker.OpFailed, s.get(v.ID).Status)
		s.truth(0)

		stored, err := s.stored.Machines(s.Context(), machines(v))
		if err != nil || len(stored) != 3 {
			t.Fatalf("%d records, %v", len(stored), err)
		}
		for _, m := range stored {
			s.equal(broker.MachineTerminated, m.Status)
		}
	})
}

func TestOfAllOrNothingAllIsKept(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
		v, code := s.execute(wishing(5, allOrNothing, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.calls("a", sim.Terminate, 0)
		s.truth(5)
	})
}

func TestOfAllOrNothingAsManyAsAreEnoughAreAll(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 1}, func(s *site) {
		v, code := s.execute(wishing(5, allOrNothing+`, "min_count": 3`, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, 3}, []any{code, v.Status, *v.Result.Created})
		s.truth(3)
		v, code = s.execute(wishing(5, allOrNothing+`, "min_count": 3`, "")) // now there is no room
		s.equal([]any{fault.NoProviderAvailable, broker.OpFailed}, []any{code, v.Status})
		s.truth(3)
	})
}

func TestEnoughMachinesEndACreateBeforeTheNextProviderIsAsked(t *testing.T) {
	inSite(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		v, code := s.execute(wishing(5, `, "min_count": 2`, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, 5, 3}, []any{code, v.Status, *v.Result.Requested, *v.Result.Created})
		s.equal("3 of 5 done; 2 are enough", v.Message)
		s.calls("b", sim.Create, 0)
		s.equal([]string{"claim", "live begin", "sent", "live end", "outcome CONFIRMED and close", "count"}, s.store.written())

		v, code = s.execute(wishing(20, `, "min_count": 12`, "")) // fewer are kept all the same
		s.equal([]any{fault.Code(""), broker.OpPartial, 9}, []any{code, v.Status, *v.Result.Created})
		s.truth(12)
	})
}

func TestWhatIsGivenBackToAProviderThatIsDownIsTriedUntilItGoes(t *testing.T) {
	inSite(t, map[string]int{"a": 2}, func(s *site) {
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		began := time.Now()
		a := s.ok(s.call("executeProviderOperation", wishing(5, allOrNothing, "")))
		s.equal([]any{202, 26 * time.Second}, []any{a.Status, time.Since(began)}) // its caller is told that it goes on
		v := decode[broker.OperationView](s, a.Body)
		s.equal([]any{broker.OpRunning, "there were fewer machines than wanted; they are being given back"}, []any{v.Status, v.Message})
		s.truth(2)
		s.sims["a"].Reset()
		s.clearBreaker("a", broker.ClassMutate)
		v = s.later(v.ID, 10)
		s.equal([]any{broker.OpFailed, fault.NoProviderAvailable}, []any{v.Status, v.Code})
		s.truth(0)
	})
}

func TestWhatCannotBeGivenBackIsShownInTheEnd(t *testing.T) {
	inSite(t, map[string]int{"a": 2}, func(s *site) {
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Auth, true)})
		v, _ := s.execute(wishing(5, allOrNothing, ""))
		v = s.later(v.ID, 20)
		s.equal([]any{broker.OpPartial, 2}, []any{v.Status, *v.Result.Created})
		for _, m := range v.Result.Machines {
			s.equal(broker.MachineRunning, m.Status)
		}
		s.truth(2)
	})
}

func TestACancelledCreateOfAllOrNothingLeavesNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
		s.sims["b"].Script(sim.Create, sim.Step{Latency: 3 * time.Second, Most: 1})
		done := s.inBackground(wishing(5, allOrNothing, ""))
		pass(time.Second)
		s.equal(broker.OpRunning, s.cancels("op-1").Status)
		w := <-done
		s.equal([]any{broker.OpCancelled, fault.Code(""), 0}, []any{w.view.Status, w.code, *w.view.Result.Created})
		s.truth(0)
	})
}

func TestAWishThatContradictsItselfIsRefused(t *testing.T) {
	inSite(t, map[string]int{"a": 2}, func(s *site) {
		for parameters, field := range map[string]string{
			`, "min_count": 3`: "parameters.min_count",
			`, "min_count": 0`: "parameters.min_count",
		} {
			a, err := s.call("executeProviderOperation", wishing(2, parameters, ""))
			s.equal(field, s.refused(fault.InvalidRequest, a, err).Fields[0].Field)
		}
	})
}
