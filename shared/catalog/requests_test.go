package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// request asks for machines as a scheduler does, and returns the request's id.
func (s *site) request(n int, more string, with ...func(*op.Call)) string {
	s.Helper()
	body := fmt.Sprintf(`{"template_id": "t", "machine_count": %d%s}`, n, more)
	r := decode[hostfactory.Requested](s, s.ok(s.call("requestMachines", body, with...)).Body)
	if !strings.HasPrefix(r.RequestID, "req-") || r.Message == "" {
		s.Fatalf("answered %+v", r)
	}
	synctest.Wait()
	return r.RequestID
}

// standing polls one request.
func (s *site) standing(id string) hostfactory.Request {
	s.Helper()
	a := s.ok(s.call("getRequestStatus", fmt.Sprintf(`{"request_id": %q}`, id)))
	return decode[hostfactory.Requests](s, a.Body).Requests[0]
}

// told is a request in short: its status, and each machine with its result.
func told(r hostfactory.Request) (short []string) {
	short = append(short, string(r.Status))
	for _, m := range r.Machines {
		short = append(short, m.MachineID+" "+string(m.Result))
		if (m.Result == hostfactory.Fail) != (m.Message != "") {
			short = append(short, fmt.Sprintf("and says %q", m.Message))
		}
	}
	return short
}

// give returns machines, and is the id of the return.
func (s *site) give(body string) string {
	s.Helper()
	r := decode[hostfactory.Requested](s, s.ok(s.call("requestReturnMachines", body)).Body)
	if !strings.HasPrefix(r.RequestID, "ret-") || r.Message == "" {
		s.Fatalf("answered %+v", r)
	}
	synctest.Wait()
	return r.RequestID
}

// booting is a provider whose machines run some time after they were made, and
// some of them never.
type booting struct {
	providers.Driver
	takes time.Duration
	never map[string]bool
}

func (b booting) seen(machines []broker.Machine) []broker.Machine {
	for i := range machines {
		if m := &machines[i]; m.Status == broker.MachineRunning && (b.never[m.ID] || time.Since(m.LaunchTime) < b.takes) {
			m.Status, m.PrivateIP = broker.MachinePending, ""
		}
	}
	return machines
}

func (b booting) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	r, err := b.Driver.Create(ctx, spec)
	r.Machines = b.seen(r.Machines)
	return r, err
}

func (b booting) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	m, err := b.Driver.Status(ctx, ids)
	return b.seen(m), err
}

func (s *site) boots(provider string, takes time.Duration, never ...string) {
	stuck := map[string]bool{}
	for _, id := range never {
		stuck[id] = true
	}
	s.around[provider] = func(d providers.Driver) providers.Driver { return booting{d, takes, stuck} }
}

func TestTheGuidesRequestMakesTwoMachines(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		id := s.request(2, "")
		s.equal([]string{"complete", "a-1 succeed", "a-2 succeed"}, told(s.standing(id)))
		s.truth(2)
		m := s.standing(id).Machines[0]
		s.equal([]any{"host-a-1", "RUNNING", "192.0.2.1", time.Now().Unix()}, []any{m.Name, m.Status, m.PrivateIPAddress, m.LaunchTime})
	})
}

func TestSeveralProvidersFillOneRequest(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
		id := s.request(5, "")
		s.equal([]string{"complete", "a-1 succeed", "a-2 succeed", "b-1 succeed", "b-2 succeed", "b-3 succeed"}, told(s.standing(id)))
		s.truth(5)
	})
}

func TestARequestThatGetsLessThanItAskedForSaysWhy(t *testing.T) {
	for partial, want := range map[string]string{"": "complete_with_error", "complete": "complete"} {
		t.Run(want, func(t *testing.T) {
			inSite(t, map[string]int{"a": 2}, func(s *site) {
				if partial != "" {
					s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "partial_status": "complete", "version": 1}`))
				}
				r := s.standing(s.request(3, ""))
				s.equal([]string{want, "a-1 succeed", "a-2 succeed"}, told(r))
				s.equal(partial == "", strings.Contains(r.Message, "2 of 3 done"))
			})
		})
	}
}

func TestARequestIsRefusedBeforeAnythingIsStored(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "few", "max_number": 2}`))
		s.ok(s.call("registerTemplate", `{"template_id": "nobodys", "overrides": {"types": {"static": {"attributes": {"ncpus": 1000}}}}, "selection_criteria": {"zones": ["nowhere"]}}`))
		s.store.reset()
		for _, c := range []struct {
			code fault.Code
			body string
		}{
			{fault.NotFound, `{"template_id": "unknown", "machine_count": 1}`},
			{fault.InvalidRequest, `{"template_id": "t", "machine_count": 0}`},
			{fault.InvalidRequest, `{"template_id": "t"}`},
			{fault.InvalidRequest, `{"template_id": "t", "machineCount": 2}`},
			{fault.InvalidRequest, `{"template_id": "few", "machine_count": 3}`},
			{fault.NoProviderAvailable, `{"template_id": "nobodys", "machine_count": 1}`},
		} {
			a, err := s.call("requestMachines", c.body)
			s.refused(c.code, a, err)
		}
		s.equal([]string{}, s.store.written())
		s.calls("a", sim.Create, 0)
	})
}

func TestARequestIsRunningUntilItsMachinesCanBeUsedAndAPollAsksNobody(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 40*time.Second)
		id := s.request(2, "")
		s.store.reset()
		asked := s.sims["a"].Calls(sim.Status)
		for range 10 {
			s.equal([]string{"running", "a-1 executing", "a-2 executing"}, told(s.standing(id)))
		}
		s.equal([]any{10, []string{}, asked}, []any{s.store.ledgers(), s.store.written(), s.sims["a"].Calls(sim.Status)})
		pass(35 * time.Second) // looks after 5, 15 and 30 s
		s.equal(3, s.sims["a"].Calls(sim.Status))
		s.equal("running", string(s.standing(id).Status))
		pass(15 * time.Second)
		s.equal([]string{"complete", "a-1 succeed", "a-2 succeed"}, told(s.standing(id)))
		s.equal("192.0.2.1", s.standing(id).Machines[0].PrivateIPAddress)
		s.equal(4, s.sims["a"].Calls(sim.Status))
		s.calls("a", sim.Create, 1)
		s.truth(2)
	})
}

func TestAProviderThatCannotBeReachedLeavesARequestRunning(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 20*time.Second)
		id := s.request(1, "")
		s.sims["a"].Script(sim.Status, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Timeout, true)})
		pass(20 * time.Second)
		s.equal([]string{"running", "a-1 executing"}, told(s.standing(id)))
		pass(time.Minute)
		s.equal([]string{"complete", "a-1 succeed"}, told(s.standing(id)))
	})
}

func TestMachinesThatFailWhileTheyStartAreReplacedAndReturned(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 5}, func(s *site) {
		s.boots("a", 20*time.Second)
		id := s.request(2, "")
		s.sims["a"].Vanish("a-2")
		pass(time.Minute)
		s.equal([]string{"complete", "a-1 succeed", "b-1 succeed"}, told(s.standing(id)))
		s.tick()
		s.truth(2)
	})
}

func TestARequestEndsByItsOwnDeadlineAndWhatHangsIsReturned(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "request_timeout": 120, "version": 1}`))
		s.boots("a", 0, "a-2")
		id := s.request(3, "")
		s.equal("running", string(s.standing(id).Status))
		pass(110 * time.Second)
		s.equal("running", string(s.standing(id).Status))
		pass(30 * time.Second)
		want := []string{"complete_with_error", "a-1 succeed", "a-2 fail", "a-3 succeed"}
		s.equal(want, told(s.standing(id)))
		s.truth(3)
		s.tick()
		s.truth(2)
		pass(time.Hour)
		s.tick()
		s.equal(want, told(s.standing(id)))
		s.truth(2)
	})
}

func TestARequestEndsByItsOwnDeadlineAlsoWhenItsProcessIsGone(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 0, "a-1")
		id := s.request(1, "")
		s.stop()
		next := s.open(s.T)
		for range 13 {
			pass(time.Minute)
			next.tick()
		}
		next.equal([]string{"complete_with_error", "a-1 fail"}, told(next.standing(id)))
		next.truth(0)
	})
}

func TestWhatIsLearntAfterTheDeadlineIsNoPartOfTheAnswerAndIsReturned(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.sims["a"].Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "request_timeout": 60, "version": 1}`))
		id := s.request(2, "")
		for range 3 {
			pass(time.Minute)
			s.tick()
		}
		want := []string{"complete_with_error"}
		s.equal(want, told(s.standing(id)))
		s.equal(2, len(s.sims["a"].Exist()))
		a, err := s.call("cancelOperation", fmt.Sprintf(`{"operation_id": %q}`, id))
		s.refused(fault.Conflict, a, err)
		s.sims["a"].Always(sim.Find, sim.Step{})
		for range 12 {
			pass(time.Minute)
			s.tick()
		}
		s.equal(want, told(s.standing(id)))
		s.truth(0)
	})
}

func TestMachinesThatNobodyAskedForAreReturned(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		claimed, forgotten := s.request(1, ""), s.request(2, "")
		s.equal("complete", string(s.standing(claimed).Status))
		pass(14 * time.Minute)
		s.tick()
		s.truth(3)
		pass(2 * time.Minute)
		s.tick()
		s.truth(1)
		r := s.standing(forgotten)
		s.equal([]string{"complete_with_error", "a-2 fail", "a-3 fail"}, told(r))
		if !strings.Contains(r.Message, "nobody asked") {
			s.Errorf("it says %q", r.Message)
		}
		s.equal("complete", string(s.standing(claimed).Status))
	})
}

func TestACancelledRequestReturnsWhatItGot(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", time.Hour)
		id := s.request(2, "")
		s.ok(s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, id)))
		pass(20 * time.Second)
		s.equal([]string{"complete_with_error", "a-1 fail", "a-2 fail"}, told(s.standing(id)))
		s.tick()
		s.truth(0)
		s.calls("a", sim.Create, 1)

		s.around["a"] = nil
		done := s.request(1, "")
		a, err := s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, done))
		s.refused(fault.Conflict, a, err)
		a, err = s.call("cancelRequest", `{"request_id": "req-unknown"}`)
		s.refused(fault.NotFound, a, err)
		v, _ := s.execute(create(1, ""))
		a, err = s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, v.ID))
		s.refused(fault.NotFound, a, err)
		s.truth(2)
	})
}

func TestALimitHoldsWhoeverAsksAtTheSameTime(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "max_number": 10, "version": 1}`))
		var mu sync.Mutex
		var accepted []string
		var everybody sync.WaitGroup
		for range 30 {
			everybody.Go(func() {
				a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 2}`)
				if err != nil {
					s.refused(fault.NoProviderAvailable, a, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				accepted = append(accepted, decode[hostfactory.Requested](s, a.Body).RequestID)
			})
		}
		everybody.Wait()
		synctest.Wait()
		s.equal(5, len(accepted))
		s.truth(10)
		left := func() int {
			a := s.ok(s.call("getAvailableTemplates", ""))
			return *decode[hostfactory.Templates](s, a.Body).Templates[0].AvailableNumber
		}
		s.equal(0, left())

		gone := s.standing(accepted[0]).Machines
		s.give(fmt.Sprintf(`{"machines": [{"machine_id": %q}, {"machine_id": %q}]}`, gone[0].MachineID, gone[1].MachineID))
		s.request(2, "")
		s.truth(10)
		s.give(fmt.Sprintf(`{"machines": [{"machine_id": %q}]}`, s.standing(accepted[1]).Machines[0].MachineID))
		s.tick()
		s.equal(1, left())
		s.request(1, "")
	})
}

func TestTheSameCallMadeAgainIsTheSameRequest(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		first := s.request(2, "", key("k"))
		s.equal(first, s.request(2, "", key("k")))
		a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 3}`, key("k"))
		s.refused(fault.IdempotencyKeyReused, a, err)
		if other := s.request(2, "", key("other")); other == first {
			s.Error("another key is the same request")
		}
		s.truth(4)
		one := decode[hostfactory.Requested](s, s.ok(s.call("requestReturnMachines", `{"machines": [{"machine_id": "a-1"}]}`, key("r"))).Body)
		two := decode[hostfactory.Requested](s, s.ok(s.call("requestReturnMachines", `{"machines": [{"machine_id": "a-1"}]}`, key("r"))).Body)
		s.equal(one.RequestID, two.RequestID)
	})
}

func TestARequestThatIsNotThereIsCompleteWithErrorAndSaysSo(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		v, _ := s.execute(create(1, ""))
		a := s.ok(s.call("getRequestStatus", fmt.Sprintf(`{"requests": [{"request_id": "req-unknown"}, {"request_id": %q}]}`, v.ID)))
		for _, r := range decode[hostfactory.Requests](s, a.Body).Requests {
			s.equal([]any{hostfactory.CompleteWithError, []hostfactory.Machine{}}, []any{r.Status, r.Machines})
			if r.Message == "" {
				s.Error("it does not say why")
			}
		}
		a, err := s.call("getRequestStatus", `{}`)
		s.refused(fault.InvalidRequest, a, err)
	})
}

// requestBoundaries is how many boundaries a request passes that two providers
// fill with machines that take their time.
func requestBoundaries(t *testing.T) (n int) {
	t.Helper()
	inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		s.boot()
		gate, count := boundaries(-1, nil)
		s.store.setGate(gate)
		id := s.request(5, "", key("k"))
		pass(time.Minute)
		s.equal("complete", string(s.standing(id).Status))
		n = count()
	})
	if n < 20 {
		t.Fatalf("%d boundaries: the story is too short", n)
	}
	return n
}

// boot makes a site at which the template has a limit, and machines boot.
func (s *site) boot() {
	s.limited(5)
	s.boots("a", 12*time.Second)
	s.boots("b", 12*time.Second)
}

func TestARequestSurvivesTheEndOfItsProcessAtEveryBoundary(t *testing.T) {
	for n := 1; n <= requestBoundaries(t); n++ {
		inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
			s.boot()
			gate, _ := boundaries(n, func() error { return errDead })
			s.store.setGate(gate)
			if a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 5}`, key("k")); err == nil {
				pass(time.Minute)
				_, _ = s.call("getRequestStatus", fmt.Sprintf(`{"request_id": %q}`, decode[hostfactory.Requested](s, a.Body).RequestID))
			}
			s.stop()
			next := s.open(s.T)
			if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
				s.Fatal(err)
			}
			for range 3 { // a reservation without its request is found after two minutes
				pass(time.Minute)
				next.tick()
			}
			id := next.request(5, "", key("k"))
			pass(time.Minute)
			r := next.standing(id)
			if r.Status != hostfactory.Complete || len(r.Machines) != 5 {
				s.Errorf("died at boundary %d: %q, %s", n, told(r), r.Message)
			}
			next.truth(5)
			var all []string
			for _, m := range r.Machines {
				all = append(all, fmt.Sprintf(`{"machine_id": %q}`, m.MachineID))
			}
			next.give(`{"machines": [` + strings.Join(all, ",") + `]}`)
			next.truth(0)
			next.request(5, "") // the limit is free again
		})
	}
}

func TestTheReturnOfWhatIsNobodysSurvivesTheEndOfItsProcessAtEveryBoundary(t *testing.T) {
	for n := 1; n <= 14; n++ {
		inMemory(t, map[string]int{"a": 3}, func(s *site) {
			s.request(2, "")
			pass(16 * time.Minute)
			gate, _ := boundaries(n, func() error { return errDead })
			s.store.setGate(gate)
			_, _ = s.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{}`))
			synctest.Wait()
			s.stop()
			next := s.open(s.T)
			if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
				s.Fatal(err)
			}
			for range 3 {
				pass(time.Minute)
				next.tick()
			}
			next.truth(0)
			lines := decode[query.RequestList](s, next.ok(next.call("listRequests", `{}`)).Body).Requests
			if len(lines) != 2 {
				s.Errorf("died at boundary %d: %d requests, want the one and one return", n, len(lines))
			}
		})
	}
}

func TestWhatMayBeBothIsSpotFirstAndOnDemandNearTheEnd(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "price_type": "heterogeneous", "request_timeout": 300, "version": 1}`))
		id := s.request(3, "")
		s.equal([]string{"running", "a-1 succeed", "b-1 succeed"}, told(s.standing(id)))
		pass(190 * time.Second)
		s.calls("a", sim.Create, 1)
		s.sims["a"].SetFree(5)
		pass(20 * time.Second)
		s.equal([]string{"complete", "a-1 succeed", "b-1 succeed", "a-2 succeed"}, told(s.standing(id)))
		l, err := s.stored.Ledger(s.Context(), id)
		if err != nil {
			s.Fatal(err)
		}
		var paid []string
		for _, a := range l.Attempts {
			paid = append(paid, a.Provider+" "+a.Spec.Template.PriceType)
		}
		s.equal([]string{"a spot", "b spot", "a ondemand"}, paid)
		var shown []string
		for _, m := range s.standing(id).Machines {
			shown = append(shown, m.MachineID+" "+m.PriceType)
		}
		s.equal([]string{"a-1 spot", "b-1 spot", "a-2 ondemand"}, shown)
		s.truth(3)
	})
}
