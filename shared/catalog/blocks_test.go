package catalog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// What a provider is out of, at a whole broker: what it is not asked for
// meanwhile, who tries again, and that all else is asked of it.

// blocks are the offerings that a provider is shown to be out of.
func (s *site) blocks(provider string) []query.BlockView {
	s.Helper()
	a := s.ok(s.call("getProviderHealth", `{"provider_name": "`+provider+`"}`))
	return decode[query.HealthAnswer](s, a.Body).Blocked
}

// blockedFor fails the test unless a provider is out of one thing, for so long.
func (s *site) blockedFor(provider string, class fault.Class, long time.Duration) {
	s.Helper()
	b := s.blocks(provider)
	if len(b) != 1 {
		s.Fatalf("%s: %+v", provider, b)
	}
	s.equal([]any{string(class), long}, []any{b[0].Class, time.Until(b[0].Until.Time)})
}

// nobody creates where nobody is eligible and returns the refusal.
func (s *site) nobody(body string) fault.Error {
	s.Helper()
	a, err := s.call("executeProviderOperation", body)
	e := s.refused(fault.NoProviderAvailable, a, err)
	if e.OperationID != "" {
		s.Errorf("operation %s was made of it", e.OperationID)
	}
	return e
}

func (s *site) out(provider string, class fault.Class) {
	s.sims[provider].Script(sim.Create, sim.Step{Err: fails(class, true)})
}

func (s *site) end(v broker.OperationView) {
	s.Helper()
	ended, code := s.execute(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["` + strings.Join(machines(v), `", "`) + `"]}}`)
	s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, ended.Status})
}

func TestWantOfCapacityIsTriedAgainAfterFifteenSecondsAndThenAfterTwiceThat(t *testing.T) {
	inSite(t, map[string]int{"a": 0}, func(s *site) {
		v, code := s.execute(create(1, ""))
		s.equal([]any{fault.NoProviderAvailable, "a NONE 0/1 CAPACITY"}, []any{code, attempts(v)[0]})
		for i, wait := range []time.Duration{15, 30, 60, 120, 120} {
			s.calls("a", sim.Create, i+1)
			s.blockedFor("a", fault.Capacity, wait*time.Second)
			pass(wait*time.Second - 1)
			e := s.nobody(create(1, ""))
			s.equal([]any{time.Duration(1), "no provider is eligible (a: offering_blocked)"}, []any{e.RetryAfter, e.Detail})
			s.calls("a", sim.Create, i+1)
			pass(1)
			s.execute(create(1, ""))
		}
		s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
		s.sims["a"].SetFree(1)
		pass(2 * time.Minute)
		v, _ = s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 0}, []any{v.Status, len(s.blocks("a"))})
		s.sims["a"].SetFree(0)
		s.execute(create(1, ""))
		s.blockedFor("a", fault.Capacity, 15*time.Second) // as for the first time
	})
}

func TestAQuotaIsTriedAgainAfterFiveMinutesAndThenAfterTwiceThat(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		for _, wait := range []time.Duration{5, 10, 20, 30, 30} {
			s.out("a", fault.Quota)
			s.execute(create(1, ""))
			s.blockedFor("a", fault.Quota, wait*time.Minute)
			pass(wait * time.Minute)
		}
		v, _ := s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 0}, []any{v.Status, len(s.blocks("a"))})
	})
}

func TestMachinesThatComeBackEndWantOfQuotaAndCapacity(t *testing.T) {
	for _, class := range []fault.Class{fault.Capacity, fault.Quota} {
		t.Run(string(class), func(t *testing.T) {
			inSite(t, map[string]int{"a": 9}, func(s *site) {
				first, _ := s.execute(create(1, ""))
				s.out("a", class)
				s.execute(create(1, ""))
				s.nobody(create(1, ""))
				pass(time.Second)
				s.end(first)
				s.equal(0, len(s.blocks("a")))
				v, _ := s.execute(create(1, ""))
				s.equal(broker.OpSucceeded, v.Status)
			})
		})
	}
}

func TestATemplateThatDoesNotWorkSomewhereIsBlockedThereAloneUntilItIsMended(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.out("a", fault.OfferingConfig)
		v, _ := s.execute(create(1, ""))
		s.equal([]string{"a NONE 0/1 OFFERING_CONFIG", "b CONFIRMED 1/1 "}, attempts(v))
		s.blockedFor("a", fault.OfferingConfig, 10*time.Minute)
		s.end(v) // machines that come back mend nothing
		v, _ = s.execute(create(1, ""))
		s.equal([]string{"b CONFIRMED 1/1 "}, attempts(v))

		s.ok(s.call("registerTemplate", `{"template_id": "u", "attributes": {"ncpus": 1}}`))
		v, _ = s.execute(strings.Replace(create(1, ""), `"t"`, `"u"`, 1))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v)) // the same offering, another template
		s.ok(s.call("registerTemplate", `{"template_id": "t", "version": 1, "attributes": {"ncpus": 2}}`))
		v, _ = s.execute(create(1, ""))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
	})
}

func TestATemplateThatDoesNotWorkIsTriedAgainAfterTenMinutes(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		for range 3 {
			s.out("a", fault.OfferingConfig)
			s.execute(create(1, ""))
			s.blockedFor("a", fault.OfferingConfig, 10*time.Minute)
			pass(10 * time.Minute)
		}
		v, _ := s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 0}, []any{v.Status, len(s.blocks("a"))})
	})
}

func TestWhatAProviderIsOutOfKeepsNothingElseFromIt(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		v, _ := s.execute(create(1, ""))
		s.ok(s.call("registerTemplate", `{"template_id": "big", "attributes": {"ncpus": 8}}`))
		s.out("a", fault.Capacity)
		s.execute(create(1, ""))
		big, _ := s.execute(strings.Replace(create(1, ""), `"t"`, `"big"`, 1))
		status, _ := s.execute(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": "` + v.ID + `"}}`)
		check, _ := s.execute(`{"operation_type": "HEALTH_CHECK"}`)
		named, _ := s.execute(only("a"))
		s.equal([]broker.OperationStatus{"SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED"},
			[]broker.OperationStatus{big.Status, status.Status, check.Status, named.Status})
		s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
	})
}

func TestANewRegistrationForgetsWhatAProviderWasOutOf(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.out("a", fault.Quota)
		s.execute(create(1, ""))
		s.blockedFor("a", fault.Quota, 5*time.Minute)
		s.ok(s.call("registerProviderStrategy", strings.Replace(registration("a"), `"provider_type"`, `"version": 1, "priority": 3, "provider_type"`, 1)))
		s.equal(0, len(s.blocks("a")))
		v, _ := s.execute(create(1, ""))
		s.equal(broker.OpSucceeded, v.Status)
	})
}

func TestAPartIsKeptAndTheRestIsNotAskedForAgain(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 9}, func(s *site) {
		v, _ := s.execute(create(3, ""))
		s.equal([]string{"a CONFIRMED 2/3 CAPACITY", "b CONFIRMED 1/1 "}, attempts(v))
		v, _ = s.execute(create(1, ""))
		s.equal([]string{"b CONFIRMED 1/1 "}, attempts(v))
		s.calls("a", sim.Create, 1)
		s.truth(4)
	})
}

// onTrial brings a provider to where one request may try it again.
func (s *site) onTrial(provider string) {
	s.Helper()
	s.out(provider, fault.Capacity)
	s.execute(create(1, ""))
	pass(15 * time.Second)
}

func TestOfManyRequestsOneTriesWhatAProviderWasOutOf(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 99}, func(s *site) {
		s.onTrial("a")
		s.sims["a"].Script(sim.Create, sim.Step{Latency: time.Second, Err: fails(fault.Capacity, true)})
		var all []chan waited
		for range 20 {
			all = append(all, s.inBackground(create(1, "")))
		}
		for _, done := range all {
			s.equal(broker.OpSucceeded, (<-done).view.Status)
		}
		s.calls("a", sim.Create, 2) // the first, and one that tried
		s.blockedFor("a", fault.Capacity, 30*time.Second)
		s.truth(21)
	})
}

func TestATryThatSaysNothingLeavesTheNextOneToTryAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.onTrial("a")
		s.out("a", fault.Validation)
		s.execute(create(1, ""))
		v, _ := s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 0}, []any{v.Status, len(s.blocks("a"))})
	})
}

func TestADeadProberOfAnOfferingBlocksNobodyPastItsLease(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.onTrial("a")
		s.store.setGate(func(ctx context.Context, write string, after bool) error { // it dies when it has the permit
			if write == "block probe" && after {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		done := s.inBackground(create(1, ""))
		pass(time.Second)
		s.store.setGate(nil)
		e := s.nobody(create(1, ""))
		s.equal(5*time.Second, e.RetryAfter) // five of a call, one more, and one has passed
		pass(5 * time.Second)
		v, _ := s.execute(create(1, ""))
		s.equal([]any{broker.OpSucceeded, 0}, []any{v.Status, len(s.blocks("a"))})
		<-done
	})
}

func TestAProviderThatAsksForTimeGetsItFromAllCallers(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		made, _ := s.execute(create(1, ""))
		other := s.open(s.T) // another process on the same store
		throttled := fails(fault.Throttle, true)
		throttled.RetryAfter = time.Minute
		s.sims["a"].Script(sim.Create, sim.Step{Err: throttled})
		v, code := s.execute(create(1, ""))
		s.equal([]any{fault.ProviderFailed, "a NONE 0/1 THROTTLE"}, []any{code, attempts(v)[0]})
		asked := s.sims["a"].Calls
		calls := func() [4]int {
			return [4]int{asked(sim.Create), asked(sim.Status), asked(sim.Terminate), asked(sim.Health)}
		}
		before := calls()
		pass(time.Minute - 1)
		for _, at := range []*site{s, other} {
			e := at.nobody(create(1, `, "strategy_override": "a"`))
			at.equal([]any{time.Duration(1), "no provider is eligible (a: not_before)"}, []any{e.RetryAfter, e.Detail})
			at.nobody(`{"operation_type": "HEALTH_CHECK"}`)
			at.round()
			status, code := at.execute(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": "` + made.ID + `"}}`)
			at.equal([]any{fault.ProviderFailed, "a NONE 0/1 REFUSED"}, []any{code, attempts(status)[0]})
		}
		h := decode[query.HealthAnswer](s, s.ok(s.call("getProviderHealth", `{"provider_name": "a"}`)).Body)
		s.equal(time.Duration(1), time.Until(h.NotBefore.Time))
		s.equal(before, calls())
		pass(1)
		v, _ = s.execute(create(1, ""))
		s.equal(broker.OpSucceeded, v.Status)
		s.end(v)
	})
}

func TestACallThatWasPlannedBeforeAProviderAskedForTimeIsNotMade(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		throttled := fails(fault.Throttle, true)
		throttled.RetryAfter = time.Minute
		s.sims["a"].Script(sim.Create, sim.Step{Err: throttled})
		s.slowly("claim", time.Second) // selected, and not begun
		done := s.inBackground(create(1, ""))
		pass(time.Millisecond)
		s.store.setGate(nil)
		s.execute(create(1, ""))
		v := (<-done).view
		s.equal([]string{"a NONE 0/1 REFUSED", "b CONFIRMED 1/1 "}, attempts(v))
		if !strings.HasPrefix(v.Attempts[0].Message, "a asked for no call before ") {
			s.Errorf("got %q", v.Attempts[0].Message)
		}
		s.calls("a", sim.Create, 1)
	})
}

func TestWhatAProviderIsOutOfIsShown(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.out("a", fault.Quota)
		s.execute(create(1, ""))
		c := decode[query.CapabilitiesAnswer](s, s.ok(s.call("getProviderCapabilities", `{"provider_name": "a", "include_limitations": true}`)).Body)
		want := []query.BlockView{{
			Offering: "any ncpus=1", Class: "QUOTA", Code: "scripted", Message: "as the test wants",
			Since: broker.Time{Time: time.Now().UTC()}, Until: broker.Time{Time: time.Now().Add(5 * time.Minute).UTC()}, InARow: 1,
		}}
		s.equal(want, c.Blocked)
		s.equal(want, s.blocks("a"))
		pass(5 * time.Minute)
		s.equal(true, s.blocks("a")[0].OnTrial)
		quiet := decode[query.CapabilitiesAnswer](s, s.ok(s.call("getProviderCapabilities", `{"provider_name": "a"}`)).Body)
		s.equal(0, len(quiet.Blocked))
	})
}
