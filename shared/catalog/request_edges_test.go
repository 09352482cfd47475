package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// heldBack has an operator hold provider a's calls back for a day.
func (s *site) heldBack() {
	s.Helper()
	s.ok(s.call("updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": false, "status_message": "maintenance", "error_details": {"retry_after": 86400}}}`))
}

// minutes lets so many of them pass, with the turn of the reconciler in each.
func (s *site) minutes(n int) {
	s.Helper()
	for range n {
		pass(time.Minute)
		s.tick()
	}
}

func TestARequestEndsByItsOwnDeadlineHoweverLongItsProviderWantsNoCall(t *testing.T) {
	later := fails(fault.Throttle, false)
	later.RetryAfter = 24 * time.Hour
	for name, meets := range map[string]struct {
		before, after func(*site)
		want          []string
	}{
		"an operator holds it back while machines boot": {
			before: func(s *site) { s.boots("a", time.Hour) }, after: (*site).heldBack,
			want: []string{"complete_with_error", "a-1 fail", "a-2 fail"},
		},
		"it asks for a day while machines boot": {
			before: func(s *site) { s.boots("a", time.Hour) }, after: func(s *site) { s.sims["a"].Always(sim.Status, sim.Step{Err: later}) },
			want: []string{"complete_with_error", "a-1 fail", "a-2 fail"},
		},
		"it asks for a day while machines are made": {
			before: func(s *site) {
				s.sims["a"].Script(sim.Create, sim.Step{Pending: true})
				s.sims["a"].Always(sim.Poll, sim.Step{Err: later})
			},
			after: func(*site) {}, want: []string{"complete_with_error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 5}, func(s *site) {
				meets.before(s)
				id := s.request(2, "")
				meets.after(s)
				s.minutes(9)
				s.equal("running", string(s.standing(id).Status))
				s.minutes(3)
				s.equal(meets.want, told(s.standing(id)))
			})
		})
	}
}

func TestARequestEndsByItsOwnDeadlineAlsoWhenNobodyMayLookWhatItsDeadProcessDid(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		later := fails(fault.Throttle, false)
		later.RetryAfter = 24 * time.Hour
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		s.sims["a"].Always(sim.Create, sim.Step{Err: later})
		s.sims["a"].Always(sim.Find, sim.Step{Err: later})
		outcomes := 0
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "outcome UNKNOWN" && after {
				outcomes++
			}
			if outcomes > 1 {
				return errDead
			}
			return nil
		})
		id := s.request(2, "")
		s.equal(2, outcomes)
		s.stop()
		next := s.open(s.T)
		next.minutes(9)
		next.equal("running", string(next.standing(id).Status))
		next.minutes(3)
		next.equal([]string{"complete_with_error"}, told(next.standing(id)))
	})
}

func TestAReturnThatIsHeldBackIsNotStoredAgainEachMinute(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.standing(s.request(1, ""))
		s.heldBack()
		id := s.give(`{"machines": [{"machine_id": "a-1"}]}`)
		s.minutes(60)
		s.equal([]string{"complete_with_error", "a-1 fail"}, told(s.standing(id)))
		if lines := decode[query.RequestList](s, s.ok(s.call("listRequests", `{}`)).Body).Requests; len(lines) > 7 {
			t.Errorf("one return became %d requests in an hour", len(lines)-1)
		}
		s.ok(s.call("updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": true}}`))
		s.minutes(16)
		s.truth(0)
	})
}

func TestMachinesThatNobodyAskedForAreReturnedAlsoWhileSomeAreUnknown(t *testing.T) {
	inMemory(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		s.sims["b"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		s.sims["b"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.sims["b"].Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
		id := s.request(5, "")
		failed := false
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "claim" && !after && !failed { // of the return: it is tried again
				failed = true
				return fault.New(fault.TooLarge, "not now")
			}
			return nil
		})
		s.minutes(30)
		s.equal(true, failed)
		s.equal(0, len(s.sims["a"].Exist()))
		s.equal(2, len(s.sims["b"].Exist()))
		want := []string{"complete_with_error", "a-1 fail", "a-2 fail", "a-3 fail"}
		s.equal(want, told(s.standing(id)))
		s.sims["b"].Always(sim.Find, sim.Step{})
		s.minutes(20)
		s.truth(0)
		s.equal(want, told(s.standing(id)))
	})
}

func TestAWarningOutlivesWhatIsSeenOfTheMachineAfterIt(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 40*time.Second)
		id := s.request(1, "")
		pass(20 * time.Second)
		n := broker.MachineNote{Status: broker.MachineStopping, At: time.Now(), ReclaimAt: time.Now().Add(2 * time.Minute)}
		if _, err := s.stored.NoteMachine(s.Context(), "a-1", n); err != nil {
			t.Fatal(err)
		}
		pass(40 * time.Second)
		s.equal([]string{"complete", "a-1 succeed"}, told(s.standing(id)))
		s.equal([]string{"host-a-1 a-1 80"}, s.reclaims(`{}`))
	})
}

func TestAMachineThatIsBeingReturnedIsNotTakenBackByItsProvider(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.request(2, "")
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		s.give(`{"machines": [{"machine_id": "a-1"}]}`)
		d, look := s.watched()
		d.says = func([]string) ([]broker.Machine, error) {
			var warned []broker.Machine
			for _, id := range []string{"a-1", "a-2"} {
				m := state(id, broker.MachineStopping)
				m.ReclaimAt = time.Now().Add(2 * time.Minute)
				warned = append(warned, m)
			}
			return warned, nil
		}
		look()
		s.equal([]string{"host-a-2 a-2 120"}, s.reclaims(`{}`))
	})
}

func TestAListOfRequestsSaysWhatTheStatusSaysAndClaimsNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}, "partial_status": "complete", "version": 1}`))
		id := s.request(2, "")
		line := func() query.RequestLine {
			for _, l := range decode[query.RequestList](s, s.ok(s.call("listRequests", `{}`)).Body).Requests {
				if l.RequestID == id {
					return l
				}
			}
			s.Fatal("it is not listed")
			return query.RequestLine{}
		}
		for range 10 { // neither a list nor the operation is how a scheduler asks
			s.equal(hostfactory.Complete, line().Status)
			s.get(id)
			pass(time.Minute)
		}
		s.equal(false, line().Claimed)
		s.minutes(6)
		s.truth(0)
		s.equal(s.standing(id).Status, line().Status)
	})
}

func TestAHostWithoutNameAndIDIsRefused(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		for _, name := range []string{"requestReturnMachines", "getReturnRequests"} {
			a, err := s.call(name, `{"machines": [{"name": "host-a-1"}, {}]}`)
			s.equal("machines[1]", s.refused(fault.InvalidRequest, a, err).Fields[0].Field)
		}
	})
}

// namesakes is a provider all of whose machines have one name, as hosts of two
// networks may.
type namesakes struct{ providers.Driver }

func (n namesakes) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	r, err := n.Driver.Create(ctx, spec)
	for i := range r.Machines {
		r.Machines[i].Name = "ip-10-0-0-1"
	}
	return r, err
}

func TestANameIsThatOfTheInstanceThatSaysIt(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.around["a"] = func(d providers.Driver) providers.Driver { return namesakes{d} }
		for _, instance := range []string{"one", "other"} { // a-1 and a-2
			s.request(1, fmt.Sprintf(`, "host_provider": %q`, instance))
			pass(time.Second)
		}
		by := func(instance string) string {
			return fmt.Sprintf(`{"machines": [{"name": "ip-10-0-0-1"}], "host_provider": %q}`, instance)
		}
		if _, err := s.stored.NoteMachine(s.Context(), "a-2", broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		s.sims["a"].Vanish("a-2")
		s.equal([]string{}, s.reclaims(by("one")))
		s.equal([]string{"ip-10-0-0-1 a-2 0"}, s.reclaims(by("other"))) // a-1 lives under the name, and is not its
		s.request(1, `, "host_provider": "other"`)                      // a-3 has the name now
		s.equal([]string{}, s.reclaims(by("other")))
		s.equal([]string{"complete", "a-1 succeed"}, told(s.standing(s.give(by("one")))))
		s.equal([]string{"a-3"}, s.sims["a"].Exist())
		pass(time.Second)
		s.request(1, `, "host_provider": "other"`) // a-4
		pass(time.Second)
		s.give(by("other")) // of two the one that came last
		s.equal([]string{"a-3"}, s.sims["a"].Exist())
	})
}

// unsure has the store not say whether it took a claim, counted from 1, nor let
// anybody read it: it did not.
func (s *site) unsure(claims int) {
	n := 0
	s.store.setGate(func(_ context.Context, write string, after bool) error {
		if write != "claim" || after {
			return nil
		}
		if n++; n == claims {
			s.store.setReads(func() error { return fault.New(fault.StoreUnavailable, "down") })
			return fault.New(fault.StoreUnavailable, "down")
		}
		return nil
	})
}

func TestALargeReturnIsRefusedWhenAPartOfItMayNotBeStored(t *testing.T) {
	inMemory(t, map[string]int{"a": 2000}, func(s *site) {
		s.request(1000, "")
		s.request(200, "")
		var named []string
		for i := range 1200 {
			named = append(named, fmt.Sprintf(`{"machine_id": "a-%d"}`, i+1))
		}
		body := `{"machines": [` + strings.Join(named, ",") + `]}`
		s.unsure(2)
		a, err := s.call("requestReturnMachines", body)
		s.refused(fault.StoreUnavailable, a, err)
		s.store.setGate(nil)
		s.store.setReads(nil)
		synctest.Wait()
		s.equal([]any{hostfactory.Complete, 1200}, func() []any {
			r := s.standing(s.give(body))
			return []any{r.Status, len(r.Machines)}
		}())
		s.truth(0)
	})
}

func TestARequestIsForgottenWithThePartsOfIt(t *testing.T) {
	inMemory(t, map[string]int{"a": 2000}, func(s *site) {
		s.request(600, "")
		var named []string
		for i := range 600 {
			named = append(named, fmt.Sprintf(`{"machine_id": "a-%d"}`, i+1))
		}
		s.sims["a"].Script(sim.Terminate, sim.Step{}, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)})
		id := s.give(`{"machines": [` + strings.Join(named, ",") + `]}`)
		pass(time.Minute)
		s.equal(hostfactory.Complete, s.standing(id).Status)
		pass(35*24*time.Hour - 2*time.Minute)
		for range 20 { // its first part goes some seconds before the rest
			s.standing(id)
			pass(5 * time.Second)
		}
		pass(time.Minute)
		r := s.standing(id)
		s.equal([]any{hostfactory.CompleteWithError, 0}, []any{r.Status, len(r.Machines)})
	})
}

func TestOfTwoThatMakeOneCallAtATimeTheSecondLeavesNothingReserved(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.limited(4)
		var first string
		again := func() string {
			return decode[hostfactory.Requested](s, s.ok(s.call("requestMachines", `{"template_id": "t", "machine_count": 2}`, key("k"))).Body).RequestID
		}
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "claim" && !after && first == "" {
				first = "-"
				first = again()
			}
			return nil
		})
		second := again()
		s.equal(first, second)
		s.request(2, "") // there is room for it at once
		s.truth(4)
	})
}

func TestTheHostsOfAListAreLookedUpTogetherAndOnlyThoseOfWhichSomethingIsTold(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.request(3, "")
		for _, id := range []string{"a-1", "a-2"} {
			if _, err := s.stored.NoteMachine(s.Context(), id, broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		named := []string{`{"name": "host-a-1"}`, `{"name": "host-a-2"}`, `{"name": "host-a-3"}`}
		for i := range 10_000 {
			named = append(named, fmt.Sprintf(`{"name": "node-%d"}`, i))
		}
		s.store.reset()
		s.equal([]string{"host-a-1 a-1 0", "host-a-2 a-2 0"}, s.reclaims(`{"machines": [`+strings.Join(named, ",")+`]}`))
		s.equal([][]string{{"host-a-1", "host-a-2"}}, s.store.lookedUp())
	})
}
