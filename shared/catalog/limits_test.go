package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// Limits on machines, at a whole broker: never more than they allow, whoever
// asks at once and whoever dies, and all that they allow in the end.

// most limits a provider.
func (s *site) most(provider string, n int) {
	s.Helper()
	s.ok(s.call("registerProviderStrategy", strings.Replace(registration(provider), `"provider_type"`, fmt.Sprintf(`"version": 1, "max_machines": %d, "provider_type"`, n), 1)))
}

// limited limits the template.
func (s *site) limited(n int) {
	s.Helper()
	s.ok(s.call("registerTemplate", fmt.Sprintf(`{"template_id": "t", "version": 1, "attributes": {"ncpus": 1}, "max_number": %d}`, n)))
}

// left fails the test unless so much of a limit is left.
func (s *site) left(l quota.Limit, want int) {
	s.Helper()
	rooms, err := s.command.Quota.Left(s.Context(), l)
	if err != nil {
		s.Fatal(err)
	}
	s.equal(want, rooms[0].Free)
}

func ofTemplate(n int) quota.Limit { return quota.OfTemplate("t", n, []string{"a", "b"}) }

// together has so many callers ask at once, and returns how many got all.
func (s *site) together(callers int, body string) (served int) {
	s.Helper()
	var all []chan *fault.Error
	for range callers {
		done := make(chan *fault.Error, 1)
		all = append(all, done)
		go func() {
			_, err := s.call("executeProviderOperation", body)
			done <- err
		}()
	}
	for _, done := range all {
		switch err := <-done; {
		case err == nil:
			served++
		case err.Code != fault.NoProviderAvailable:
			s.Errorf("refused with %v", err)
		}
	}
	return served
}

func TestOfAllWhoAskAtOnceOnlyAsManyGetMachinesAsAProviderMayHave(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.most("a", 5)
		s.sims["a"].Always(sim.Create, sim.Step{Latency: time.Second})
		s.equal(5, s.together(30, create(1, `, "timeout_seconds": 20`)))
		s.truth(5)
		e := s.nobody(create(1, ""))
		s.equal("no provider is eligible (a: no_room)", e.Detail)
		s.execute(end(s.sims["a"].Exist()[0]))
		v, _ := s.execute(create(3, ""))
		s.equal([]string{"a CONFIRMED 1/1 QUOTA"}, attempts(v))
		s.equal("1 of 3 done; a: max_machines of a is 5, which left room for 1 of 3", v.Message)
		s.execute(end(s.sims["a"].Exist()...))
		s.left(quota.OfProvider("a", 5), 5)
		s.truth(0)
	})
}

func TestWhatAProviderMayNotHaveGoesElsewhere(t *testing.T) {
	inSite(t, map[string]int{"a": 99, "b": 99}, func(s *site) {
		s.most("a", 5)
		v, _ := s.execute(create(7, ""))
		s.equal([]string{"a CONFIRMED 5/5 QUOTA", "b CONFIRMED 2/2 "}, attempts(v))
		s.equal(broker.OpSucceeded, v.Status)
		v, _ = s.execute(create(2, ""))
		s.equal([]string{"b CONFIRMED 2/2 "}, attempts(v))
		s.equal(0, len(s.blocks("a"))) // our own limit is no news of the provider
		c := decode[query.CapabilitiesAnswer](s, s.ok(s.call("getProviderCapabilities", `{"provider_name": "a", "include_limitations": true}`)).Body)
		s.equal(map[string]any{"max_machines": 5.0}, c.Limitations)
	})
}

func TestARequestThatWasPlannedBeforeAProviderWasFullFindsItFull(t *testing.T) {
	inSite(t, map[string]int{"a": 99, "b": 99}, func(s *site) {
		s.most("a", 5)
		s.slowly("claim", time.Second)
		done := s.inBackground(create(2, ""))
		pass(time.Millisecond)
		s.store.setGate(nil)
		s.execute(create(5, ""))
		v := (<-done).view
		s.equal([]string{"a NONE 0/2 QUOTA", "b CONFIRMED 2/2 "}, attempts(v))
		s.equal("max_machines of a is 5, and all of them are there or asked for", v.Attempts[0].Message)
		s.calls("a", sim.Create, 1)
	})
}

func TestOfAllWhoAskAtOnceOnlyAsManyGetMachinesAsATemplateAllows(t *testing.T) {
	inSite(t, map[string]int{"a": 3, "b": 99}, func(s *site) {
		s.limited(6)
		s.sims["b"].Always(sim.Create, sim.Step{Latency: time.Second})
		s.equal(3, s.together(30, create(2, `, "timeout_seconds": 20`)))
		s.truth(6)
		e := s.nobody(create(1, ""))
		s.equal(`template "t" allows at most 6 machines at a time, and leaves 0 now; 1 were asked for`, e.Detail)
		s.left(ofTemplate(6), 0)
		s.execute(end(s.sims["b"].Exist()[0]))
		s.left(ofTemplate(6), 1)
		v, _ := s.execute(create(1, ""))
		s.equal(broker.OpSucceeded, v.Status)
		a, err := s.call("executeProviderOperation", create(7, ""))
		s.refused(fault.InvalidRequest, a, err) // it could never be had
	})
}

func TestALimitOfATemplateIsHeldWhileARequestGoesOn(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.limited(6)
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second, Most: 1})
		done := s.inBackground(create(4, ""))
		pass(time.Second)
		s.left(ofTemplate(6), 2)
		s.nobody(create(3, ""))
		v, _ := s.execute(create(2, ""))
		s.equal(broker.OpSucceeded, v.Status)
		s.left(ofTemplate(6), 0)
		<-done                   // it got one of four
		s.left(ofTemplate(6), 3) // and the rest is given back
		s.truth(3)
	})
}

// A process dies at each boundary of a create in turn. Whatever it had
// reserved, in the end exactly as many machines can be had as the limits allow.
func TestLimitsAreNeitherExceededNorLostByWhoDiesAtAnyBoundary(t *testing.T) {
	const most, number = 3, 6
	begin := func(s *site) {
		s.most("a", most)
		s.limited(number)
		s.execute(create(1, ""))
	}
	steps := 0
	inMemory(t, map[string]int{"a": 99, "b": 99}, func(s *site) {
		begin(s)
		gate, count := boundaries(-1, nil)
		s.store.setGate(gate)
		v, _ := s.execute(create(4, ""))
		s.equal([]string{"a CONFIRMED 2/2 QUOTA", "b CONFIRMED 2/2 "}, attempts(v))
		steps = count()
	})
	if steps < 20 {
		t.Fatalf("%d boundaries", steps)
	}
	for n := 1; n <= steps; n++ {
		inMemory(t, map[string]int{"a": 99, "b": 99}, func(s *site) {
			begin(s)
			gate, _ := boundaries(n, func() error { return errDead })
			s.store.setGate(gate)
			_, _ = s.call("executeProviderOperation", create(4, ""))
			s.stop()
			next := s.open(s.T)
			if _, err := next.steps.Invoke(s.Context(), "reconcile", json.RawMessage(`{"abandoned": true}`)); err != nil {
				s.Fatal(err)
			}
			for range 2 { // at once, and when all is over
				for {
					if _, err := next.call("executeProviderOperation", create(1, "")); err != nil {
						break
					}
				}
				if a, all := len(s.sims["a"].Exist()), s.exist(); a > most || all > number {
					s.Errorf("died at boundary %d: %d at a, %d in all", n, a, all)
				}
				pass(2 * time.Minute)
				synctest.Wait()
			}
			next.truth(number)
			if a := len(s.sims["a"].Exist()); a != most {
				s.Errorf("died at boundary %d: %d of %d at a", n, a, most)
			}
			next.left(ofTemplate(number), 0)
			for _, p := range []string{"a", "b"} {
				if ids := s.sims[p].Exist(); len(ids) > 0 {
					next.execute(end(ids...))
				}
			}
			next.left(ofTemplate(number), number)
			next.left(quota.OfProvider("a", most), most)
		})
	}
}

func TestAReservationOfARequestThatWasNeverStoredIsForgotten(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.limited(3)
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "use reserve" && after {
				return errDead
			}
			return nil
		})
		_, err := s.call("executeProviderOperation", create(2, ""))
		if err == nil {
			t.Fatal("the process died and answered")
		}
		s.store.setGate(nil)
		s.nobody(create(2, "")) // it may be stored yet
		pass(61 * time.Second)
		v, _ := s.execute(create(2, ""))
		s.equal(broker.OpSucceeded, v.Status)
		s.left(quota.OfTemplate("t", 3, []string{"a"}), 1)
	})
}

func TestARequestThatIsTooSlowToBeStoredIsNot(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.limited(3)
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "use reserve" && after {
				pass(31 * time.Second) // who finds the limit reached may take back what it has reserved soon
			}
			return nil
		})
		a, err := s.call("executeProviderOperation", create(2, ""))
		s.refused(fault.StoreUnavailable, a, err)
		s.left(quota.OfTemplate("t", 3, []string{"a"}), 3)
		s.truth(0)
	})
}

func TestALimitThatIsLoweredEndsNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.execute(create(4, ""))
		s.most("a", 2)
		s.truth(4)
		s.nobody(create(1, ""))
		s.execute(end(s.sims["a"].Exist()[:3]...))
		v, _ := s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 2}, []any{v.Status, s.exist()})
	})
}

// A mixed template asks a provider twice, for spot machines and later for
// machines on demand: what it got first counts while it asks again.
func TestWhatAnOperationHasAtAProviderCountsWhileItAsksThereAgain(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.most("a", 5)
		s.ok(s.call("registerTemplate", `{"template_id": "mixed", "attributes": {"ncpus": 1}, "price_type": "heterogeneous", "request_timeout": 300}`))
		s.boots("a", 30*time.Second)
		s.sims["a"].SetFree(3)
		a := s.ok(s.call("requestMachines", `{"template_id": "mixed", "machine_count": 4}`))
		id := decode[hostfactory.Requested](s, a.Body).RequestID
		pass(time.Minute)
		s.sims["a"].SetFree(96)
		pass(145 * time.Second) // it has asked for the fourth, which is starting
		s.calls("a", sim.Create, 2)
		s.left(quota.OfProvider("a", 5), 1)
		v, _ := s.execute(create(3, ""))
		s.equal([]string{"a CONFIRMED 1/1 QUOTA"}, attempts(v))
		pass(time.Minute)
		s.equal(hostfactory.Complete, s.standing(id).Status)
		s.truth(5)
	})
}

func TestToSayWhatManyTemplatesLeaveTheMachinesAreReadOnce(t *testing.T) {
	inMemory(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		for i := range 30 {
			s.ok(s.call("registerTemplate", fmt.Sprintf(`{"template_id": "t%d", "attributes": {"ncpus": 1}, "max_number": %d}`, i, 10+i)))
		}
		s.ok(s.call("requestMachines", `{"template_id": "t7", "machine_count": 3}`))
		synctest.Wait()
		s.store.reset()
		got := map[string]int{}
		for _, one := range decode[hostfactory.Templates](s, s.ok(s.call("getAvailableTemplates", "")).Body).Templates {
			if one.MaxNumber > 0 {
				got[one.TemplateID] = *one.AvailableNumber
			}
		}
		s.equal([]int{30, 16, 14, 18}, []int{len(got), got["t6"], got["t7"], got["t8"]})
		owned := 0
		for _, read := range s.store.readings() {
			if read == "owned" {
				owned++
			}
		}
		s.equal(2, owned) // one reading for each provider
	})
}
