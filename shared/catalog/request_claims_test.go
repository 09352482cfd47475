package catalog_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// meanwhile lets something happen just before the next step is stored.
func (s *site) meanwhile(happens func()) {
	once := false
	s.store.setGate(func(_ context.Context, write string, after bool) error {
		if write == "step" && !after && !once {
			once = true
			happens()
		}
		return nil
	})
}

func TestOfAReaderAndWhoGivesUpOnHimOneIsFirst(t *testing.T) {
	want := []string{"complete", "a-1 succeed", "a-2 succeed"}
	t.Run("the reader", func(t *testing.T) {
		inMemory(t, map[string]int{"a": 5}, func(s *site) {
			id := s.request(2, "")
			pass(16 * time.Minute)
			s.meanwhile(func() { s.equal(want, told(s.standing(id))) })
			s.tick()
			s.minutes(30)
			s.equal(want, told(s.standing(id)))
			s.truth(2)
		})
	})
	t.Run("who gives up", func(t *testing.T) {
		inMemory(t, map[string]int{"a": 5}, func(s *site) {
			id := s.request(2, "")
			pass(16 * time.Minute)
			s.meanwhile(s.tick)
			s.equal([]string{"complete_with_error", "a-1 fail", "a-2 fail"}, told(s.standing(id)))
			s.truth(0)
		})
	})
}

func TestWhatWasReadInTimeStaysHoweverLateTheRestIsSeenTo(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 0, "a-1")
		id := s.request(2, "")
		pass(11 * time.Minute)
		want := []string{"complete_with_error", "a-1 fail", "a-2 succeed"}
		s.equal(want, told(s.standing(id)))
		pass(30 * time.Minute) // nobody reconciled
		s.tick()
		s.equal(want, told(s.standing(id)))
		s.equal([]string{"a-2"}, s.sims["a"].Exist())
		s.truth(1)
	})
}

func TestWhatIsUsableIsReturnedAfterWhatIsNotWhenNobodyAsks(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", 0, "a-1")
		s.request(2, "")
		s.minutes(12)
		s.equal([]string{"a-2"}, s.sims["a"].Exist())
		s.store.reset()
		s.minutes(8) // there is nothing to see to until the answer is given up
		for _, w := range s.store.written() {
			if w == "step" || w == "claim" {
				t.Errorf("it is written: %s", w)
			}
		}
		s.minutes(8)
		s.truth(0)
	})
}

func TestAFinalAnswerThatIsReadAgainCostsNoWrite(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		id := s.request(1, "")
		s.standing(id)
		s.store.reset()
		s.standing(id)
		s.equal([][]string{{"ledger"}, {}}, [][]string{s.store.readings(), s.store.written()})
		back := s.give(`{"machines": [{"machine_id": "a-1"}]}`)
		s.store.reset()
		s.standing(back)
		s.equal([][]string{{"ledger"}, {}}, [][]string{s.store.readings(), s.store.written()})
	})
}

func TestAnAnswerIsNotGivenWhenItCannotBeNotedThatItWas(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		id := s.request(1, "")
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "step" && !after {
				return fault.New(fault.StoreUnavailable, "down")
			}
			return nil
		})
		a, err := s.call("getRequestStatus", fmt.Sprintf(`{"request_id": %q}`, id))
		s.refused(fault.StoreUnavailable, a, err)
		s.store.setGate(nil)
		s.minutes(16)
		s.truth(0)
	})
}

func TestARequestThatMayHaveBeenStoredIsGivenItsID(t *testing.T) {
	for name, stored := range map[string]bool{"it was": true, "it was not": false} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, map[string]int{"a": 5}, func(s *site) {
				s.store.setGate(func(_ context.Context, write string, after bool) error {
					if write == "claim" && after == stored {
						s.store.setReads(func() error { return fault.New(fault.StoreUnavailable, "down") })
						return fault.New(fault.StoreUnavailable, "down")
					}
					return nil
				})
				id := s.request(2, "")
				s.store.setGate(nil)
				s.store.setReads(nil)
				s.minutes(3)
				want := []string{"complete_with_error"}
				if stored {
					want = []string{"complete", "a-1 succeed", "a-2 succeed"}
				}
				s.equal(want, told(s.standing(id)))
				s.truth(len(want) - 1)
			})
		})
	}
}

func TestACancellationThatIsRepeatedIsTheSame(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", time.Hour)
		id := s.request(2, "")
		for range 3 {
			s.ok(s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, id)))
			pass(20 * time.Second)
		}
		s.tick()
		s.truth(0)
		s.boots("a", 0)
		s.request(1, "")
		back := s.give(`{"machines": [{"machine_id": "a-3"}]}`)
		a, err := s.call("cancelRequest", fmt.Sprintf(`{"request_id": %q}`, back))
		if p := s.refused(fault.Conflict, a, err); p.Detail != back+" is a return: what is being ended does not come back" {
			t.Errorf("it says %q", p.Detail)
		}
	})
}

func TestTheCriteriaOfAnInstanceAreThoseOfItsRequests(t *testing.T) {
	inMemory(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.ok(s.call("registerHostProvider", `{"name": "one", "dialect": "symphony", "selection_criteria": {"exclude_strategies": ["a"]}}`))
		s.request(1, `, "host_provider": "one"`)
		s.equal([]any{0, 1}, []any{len(s.sims["a"].Exist()), len(s.sims["b"].Exist())})
	})
}

func TestAMachineIsFoundByWhateverIsSaidOfIt(t *testing.T) {
	for name, back := range map[string]string{
		"a text that may be either":       `{"machines": [{"name": "host-a-1", "machine_id": "host-a-1"}]}`,
		"its id where a name is expected": `{"machines": [{"name": "a-1", "machine_id": "a-1"}]}`,
		"by who has no name":              `{"machines": [{"machine_id": "a-1"}]}`,
		"its id under a former name":      `{"machines": [{"name": "renamed", "machine_id": "a-1"}], "host_provider": "one"}`,
	} {
		t.Run(name, func(t *testing.T) {
			inMemory(t, map[string]int{"a": 5}, func(s *site) {
				s.request(1, `, "host_provider": "one"`)
				s.equal([]string{"complete", "a-1 succeed"}, told(s.standing(s.give(back))))
				s.truth(0)
			})
		})
	}
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.request(1, "") // of no instance: anybody's
		s.give(`{"machines": [{"machine_id": "a-1"}], "host_provider": "one"}`)
		s.truth(0)
	})
}

func TestWhatHappensToAMachineLaterChangesNoFinalAnswer(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		id := s.request(2, "")
		was := s.standing(id)
		if _, err := s.stored.NoteMachine(s.Context(), "a-1", broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
		s.sims["a"].Vanish("a-1")
		s.ok(s.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 2}, "tags": {"new": "tag"}, "price_type": "spot", "partial_status": "complete", "version": 1}`))
		s.give(`{"machines": [{"machine_id": "a-2"}]}`)
		s.ok(s.call("deleteTemplate", `{"template_id": "t"}`))
		s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a", "force": true}`))
		s.minutes(60)
		s.equal(was, s.standing(id))
		s.equal(hostfactory.Complete, was.Status)
		s.calls("a", sim.Create, 1)
	})
}

func TestARequestThatHangsForTenMinutesIsLookedAtFortyOneTimes(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.boots("a", time.Hour)
		s.request(2, "")
		pass(12 * time.Minute) // after 5, 15 and each further 15 seconds, four transitions of its workflow each
		s.calls("a", sim.Status, 41)
	})
}

func TestOfNamesakesThatWentTheLastIsMeant(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.around["a"] = func(d providers.Driver) providers.Driver { return namesakes{d} }
		for _, id := range []string{"a-1", "a-2"} {
			s.request(1, "")
			pass(time.Second)
			if _, err := s.stored.NoteMachine(s.Context(), id, broker.MachineNote{Status: broker.MachineLost, At: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
		s.equal([]string{"ip-10-0-0-1 a-2 0"}, s.reclaims(`{"machines": [{"name": "ip-10-0-0-1"}]}`))
	})
}

func TestATemplateOfWhichNoneAreAllowedIsShownAndGivesNone(t *testing.T) {
	inMemory(t, map[string]int{"a": 5}, func(s *site) {
		s.limited(0)
		shown := decode[hostfactory.Templates](s, s.ok(s.call("getAvailableTemplates", "")).Body).Templates[0]
		s.equal([]any{0, 0}, []any{shown.MaxNumber, *shown.AvailableNumber})
		a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 1}`)
		s.refused(fault.InvalidRequest, a, err)
	})
}

func TestRequestsAreListedByWhoAskedAndHowTheyStandPageByPage(t *testing.T) {
	inMemory(t, map[string]int{"a": 20}, func(s *site) {
		var done []string
		for range 5 {
			done = append([]string{s.request(1, `, "host_provider": "one"`)}, done...)
			s.execute(create(1, "")) // is no request
			pass(time.Second)
		}
		s.request(1, "")
		s.boots("a", time.Hour)
		open := s.request(1, `, "host_provider": "one"`)
		list := func(more string) (ids []string, next string) {
			l := decode[query.RequestList](s, s.ok(s.call("listRequests", `{"host_provider": "one"`+more+`}`)).Body)
			for _, r := range l.Requests {
				ids = append(ids, r.RequestID)
			}
			return ids, l.NextCursor
		}
		ids, _ := list(`, "status": "running"`)
		s.equal([]string{open}, ids)
		var all []string
		for cursor := ""; ; {
			page, next := list(fmt.Sprintf(`, "status": "complete", "limit": 2, "cursor": %q`, cursor))
			if len(page) > 2 {
				t.Errorf("a page of two has %d", len(page))
			}
			all = append(all, page...)
			if cursor = next; next == "" {
				break
			}
		}
		s.equal(done, all)
	})
}

func TestOnlyTheMachinesOfATemplateCountAgainstItsLimit(t *testing.T) {
	inMemory(t, map[string]int{"a": 20}, func(s *site) {
		s.ok(s.call("registerTemplate", `{"template_id": "other"}`))
		s.ok(s.call("requestMachines", `{"template_id": "other", "machine_count": 3}`))
		pass(time.Minute)
		s.limited(2)
		s.request(2, "")
		pass(time.Minute)
		a, err := s.call("requestMachines", `{"template_id": "t", "machine_count": 1}`)
		s.refused(fault.NoProviderAvailable, a, err)
		s.truth(5)
	})
}
