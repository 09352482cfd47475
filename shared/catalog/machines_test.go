package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func about(operation string, ids ...string) string {
	list, err := json.Marshal(ids)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"operation_type": %q, "parameters": {"machine_ids": %s}}`, operation, list)
}

func end(ids ...string) string { return about("TERMINATE_INSTANCES", ids...) }

// results tells what became of each machine.
func results(v broker.OperationView) map[string]bool {
	told := map[string]bool{}
	for _, r := range v.Result.Results {
		told[r.MachineID] = r.Terminated
	}
	return told
}

// both makes two machines at each of two providers.
func (s *site) both() (ids []string) {
	s.Helper()
	v, _ := s.execute(create(2, `, "strategy_override": "a"`))
	w, _ := s.execute(create(2, `, "strategy_override": "b"`))
	s.store.reset()
	return append(machines(v), machines(w)...)
}

func TestATerminationGoesToAllOwners(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		v, code := s.execute(end(ids...))
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.equal(4, *v.Result.Terminated)
		s.truth(0)
		s.calls("a", sim.Terminate, 1)
		s.calls("b", sim.Terminate, 1)

		v, code = s.execute(end(ids...)) // once more
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.equal(4, *v.Result.Terminated)
		s.calls("a", sim.Terminate, 1)
	})
}

func TestATerminationGoesOnWhileAnOwnerIsDown(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		down := sim.Step{Err: fails(fault.Down, false)}
		s.sims["a"].Script(sim.Terminate, down, down, down)
		began := time.Now()
		v, code := s.execute(end(ids...))
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.equal(3*time.Second, time.Since(began)) // at once, then after 1 s, then after 2 s
		s.calls("a", sim.Terminate, 4)
		s.calls("b", sim.Terminate, 1)
		s.truth(0)
	})
}

func TestATerminationOutlivesItsCaller(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		began := time.Now()
		a := s.ok(s.call("executeProviderOperation", end(ids...)))
		s.equal([]any{202, 20 * time.Second}, []any{a.Status, time.Since(began)})
		v := decode[broker.OperationView](s, a.Body)
		s.equal("/v1/queries/getOperation?operation_id="+v.ID, a.Location)
		s.equal(broker.OpRunning, v.Status)
		s.calls("b", sim.Terminate, 1)
		s.truth(2)

		s.sims["a"].Reset()
		v = s.later(v.ID, 6)
		s.equal(broker.OpSucceeded, v.Status)
		s.truth(0)
	})
}

func TestATerminationWhoseOwnerNeverComesBackEnds(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		v, _ := s.execute(end(ids...))
		v = s.later(v.ID, 20)
		s.equal(broker.OpPartial, v.Status)
		s.equal(map[string]bool{ids[0]: false, ids[1]: false, ids[2]: true, ids[3]: true}, results(v))
		if n := s.sims["a"].Calls(sim.Terminate); n > 60 {
			s.Errorf("%d calls in a quarter of an hour", n)
		}
	})
}

func TestATerminationWhoseReplyIsLostIsRepeated(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		s.sims["a"].Script(sim.Terminate, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		v, code := s.execute(end(ids...))
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.truth(0)
	})
}

func TestAnUnknownMachineSpoilsNoOther(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		v, code := s.execute(end(ids[0], "nobody", ids[0], ids[2]))
		s.equal([]any{fault.Code(""), broker.OpPartial}, []any{code, v.Status})
		s.equal(map[string]bool{ids[0]: true, ids[2]: true, "nobody": false}, results(v))
		s.equal(3, len(v.Result.Results))
		s.truth(2)

		s.store.reset()
		began := time.Now()
		v, code = s.execute(end(ids[0], "nobody")) // the one is gone, the other unknown
		s.equal([]any{fault.Code(""), broker.OpPartial}, []any{code, v.Status})
		s.equal(map[string]bool{ids[0]: true, "nobody": false}, results(v))
		s.equal([]string{"claim"}, s.store.written())
		s.equal(time.Duration(0), time.Since(began))

		a, err := s.call("executeProviderOperation", end("nobody", "nothing"))
		s.refused(fault.NotFound, a, err)
	})
}

func TestTheStatusOfMachinesIsTheOwners(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 1}, func(s *site) {
		made, _ := s.execute(create(3, ""))
		ids := machines(made)
		s.sims["a"].Vanish(ids[0])
		v, code := s.execute(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": "` + made.ID + `"}}`)
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.equal(statuses{ids[0]: broker.MachineLost, ids[1]: broker.MachineRunning, ids[2]: broker.MachineRunning}, statusesOf(v))
		s.truth(2)

		// One that is lost stays lost, whatever its provider says later.
		stored, err := s.stored.Machines(s.Context(), ids[:1])
		if err != nil {
			s.Fatal(err)
		}
		s.equal(broker.MachineLost, stored[0].Status)
		s.equal(made.ID, stored[0].OperationID)

		v, code = s.execute(about("GET_INSTANCE_STATUS", ids[2], "nobody"))
		s.equal([]any{fault.Code(""), broker.OpPartial}, []any{code, v.Status})
		s.equal(statuses{ids[2]: broker.MachineRunning}, statusesOf(v))
	})
}

type statuses map[string]broker.MachineStatus

func statusesOf(v broker.OperationView) statuses {
	told := statuses{}
	for _, m := range v.Result.Machines {
		told[m.ID] = m.Status
	}
	return told
}

func TestAStatusThatOneOwnerDoesNotAnswerIsPartial(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		s.sims["a"].Always(sim.Status, sim.Step{Err: fails(fault.Server, true)})
		v, code := s.execute(about("GET_INSTANCE_STATUS", ids...))
		s.equal([]any{fault.Code(""), broker.OpPartial}, []any{code, v.Status})
		s.equal(statuses{ids[2]: broker.MachineRunning, ids[3]: broker.MachineRunning}, statusesOf(v))
		s.calls("a", sim.Status, 2)
		if !strings.Contains(v.Message, "a: ") {
			s.Errorf("the message does not say who failed: %q", v.Message)
		}
	})
}

func TestMachinesOfADrainedProviderAreServedToTheEnd(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 2}, func(s *site) {
		ids := s.both()
		a, err := s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`)
		s.refused(fault.Conflict, a, err)
		v, _ := s.execute(create(1, `, "selection_criteria": {"exclude_strategies": ["b"]}`)) // a is full: it was asked
		s.equal([]string{"a NONE 0/1 CAPACITY"}, attempts(v))

		a = s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a", "force": true}`))
		s.equal("draining", decode[struct{ Status string }](s, a.Body).Status)
		a, err = s.call("executeProviderOperation", create(1, `, "strategy_override": "a"`))
		s.refused(fault.NoProviderAvailable, a, err)
		s.tick()
		s.equal([]string{"a", "b"}, s.registered())

		_, code := s.execute(end(ids[:2]...))
		s.equal(fault.Code(""), code)
		s.tick()
		s.equal([]string{"b"}, s.registered())
		s.truth(2)
	})
}

func (s *site) registered() (names []string) {
	s.Helper()
	snap, err := s.stored.Snapshot(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range snap.Providers {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return names
}
