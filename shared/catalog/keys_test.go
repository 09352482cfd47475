package catalog_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func TestTheSameKeyAndBodyGiveTheSameOperation(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		first := s.ok(s.call("executeProviderOperation", create(2, ""), key("k")))
		again := s.ok(s.call("executeProviderOperation", `{"parameters": {"count": 2, "template_id": "t"}, "operation_type": "CREATE_INSTANCES"}`, key("k")))
		s.equal(string(first.Body), string(again.Body))
		s.truth(2)

		a, err := s.call("executeProviderOperation", create(3, ""), key("k"))
		s.refused(fault.IdempotencyKeyReused, a, err)
		s.ok(s.call("executeProviderOperation", create(1, ""), key("k"), func(c *op.Call) { c.Principal = "ben" }))
		s.ok(s.call("executeProviderOperation", create(1, ""), key("l")))
		s.truth(4)

		pass(24 * time.Hour)
		s.ok(s.call("executeProviderOperation", create(1, ""), key("k"))) // it has expired
		s.truth(5)
	})
}

func TestSixteenCallersWithOneKeyMakeOneOperation(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: time.Second})
		var all sync.WaitGroup
		var mu sync.Mutex
		got := map[fault.Code]int{}
		for range 16 {
			all.Go(func() {
				_, err := s.call("executeProviderOperation", create(3, ""), key("k"))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got[""]++
				} else {
					got[err.Code]++
				}
			})
		}
		all.Wait()
		s.equal(map[fault.Code]int{"": 1, fault.OperationInProgress: 15}, got)
		s.calls("a", sim.Create, 1)
		s.truth(3)
	})
}

func TestAKeyWhoseOperationStillRunsSaysSo(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		a := s.ok(s.call("executeProviderOperation", create(1, ""), key("k"), async))
		id := decode[broker.OperationView](s, a.Body).ID
		b, err := s.call("executeProviderOperation", create(1, ""), key("k"), async)
		e := s.refused(fault.OperationInProgress, b, err)
		s.equal([]any{id, time.Second}, []any{e.OperationID, e.RetryAfter})
		pass(4 * time.Second)
		b = s.ok(s.call("executeProviderOperation", create(1, ""), key("k"), async))
		s.equal(id, decode[broker.OperationView](s, b.Body).ID)
		s.truth(1)
	})
}

func TestWhatWasRefusedBeforeItsClaimLeavesTheKeyFree(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		for body, code := range map[string]fault.Code{
			`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "t"}}`:                  fault.InvalidRequest,
			`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "nobody", "count": 1}}`: fault.NotFound,
			create(1, `, "selection_criteria": {"zones": ["nowhere"]}`):                                   fault.NoProviderAvailable,
		} {
			a, err := s.call("executeProviderOperation", body, key("k"))
			s.refused(code, a, err)
		}
		s.ok(s.call("executeProviderOperation", create(1, ""), key("k")))
		s.truth(1)
	})
}

func TestAFailedOperationIsTheAnswerOfItsKey(t *testing.T) {
	inSite(t, map[string]int{"a": 0}, func(s *site) {
		first, code := s.execute(create(1, ""), key("k"))
		s.equal(fault.NoProviderAvailable, code)
		s.sims["a"].SetFree(5)
		again, code := s.execute(create(1, ""), key("k"))
		s.equal(fault.NoProviderAvailable, code)
		s.equal(first, again)
		s.truth(0)
	})
}

func TestAnAsynchronousCallIsAcceptedAndEndsByItself(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 40 * time.Second})
		began := time.Now()
		a := s.ok(s.call("executeProviderOperation", create(2, ""), async))
		v := decode[broker.OperationView](s, a.Body)
		s.equal([]any{202, "/v1/queries/getOperation?operation_id=" + v.ID}, []any{a.Status, a.Location})
		s.equal([]any{broker.OpRunning, time.Duration(0)}, []any{v.Status, time.Since(began)})
		pass(39 * time.Second)
		s.equal(broker.OpRunning, s.get(v.ID).Status)
		pass(2 * time.Second)
		synctest.Wait()
		v = s.get(v.ID)
		s.equal([]any{broker.OpSucceeded, int64(40_000)}, []any{v.Status, v.DurationMS})
		s.truth(2)
	})
}
