package catalog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/statemachines"
)

// Each rule that opens a breaker, at a whole broker: as it is configured, by
// calls and checks as they are made, with time that passes.

// reads is a breaker's state as it reads now.
func (s *site) reads(provider, class string) broker.BreakerState {
	s.Helper()
	l := s.live(provider, class)
	return l.StateAt(time.Now())
}

func (s *site) breaker(provider string) (broker.BreakerState, string) {
	s.Helper()
	l := s.live(provider, broker.ClassMutate)
	return l.StateAt(time.Now()), l.Reason
}

func (s *site) opened(provider, reason string, long time.Duration) {
	s.Helper()
	state, why := s.breaker(provider)
	l := s.live(provider, broker.ClassMutate)
	s.equal([]any{broker.Open, reason, long}, []any{state, why, time.Until(l.OpenUntil)})
}

// round is a tick of the health checks, as the schedule makes it.
func (s *site) round() {
	s.Helper()
	out, err := s.steps.Invoke(s.Context(), "due", json.RawMessage(`{}`))
	if err != nil {
		s.Fatal(err)
	}
	var due struct {
		Providers []json.RawMessage `json:"providers"`
	}
	if err := json.Unmarshal(out, &due); err != nil {
		s.Fatal(err)
	}
	for _, p := range due.Providers {
		if _, err := s.steps.Invoke(s.Context(), "probe-"+kind, p); err != nil {
			s.Fatal(err)
		}
	}
}

func only(provider string) string {
	return create(1, `, "retry_count": 0, "strategy_override": "`+provider+`"`)
}

func TestTheBreakerOpensWhenSoManyOfTheCallsFail(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"failure_threshold": 100, "failure_rate_percent": 40, "minimum_calls": 5, "window_seconds": 30, "recovery_timeout": 20}}`)
		for range 3 {
			s.execute(only("a"))
		}
		s.failCreates("a", 1)
		s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
		pass(31 * time.Second) // past the window: all that is forgotten
		s.failCreates("a", 2)
		for range 2 {
			s.execute(only("a"))
		}
		s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
		s.execute(only("a")) // the fifth call goes well, and the rate is one
		s.opened("a", "failures: 2 of 5 calls in 30s", 20*time.Second)
	})
}

func TestTheBreakerOpensWhenSoManyOfTheCallsAreSlow(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"slow_rate_percent": 60, "slow_call_ms": 1000, "minimum_calls": 5}}`)
		for i := range 5 {
			if i < 3 {
				s.sims["a"].Script(sim.Create, sim.Step{Latency: 1001 * time.Millisecond})
			}
			s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
			v, _ := s.execute(only("a"))
			s.equal(broker.OpSucceeded, v.Status)
		}
		s.opened("a", "slow: 3 of 5 calls in 1m0s", 60*time.Second)
		s.truth(5)
	})
}

func TestRefusedCredentialsShutOutForFiveMinutesOrUntilANewRegistration(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Auth, true)})
		s.execute(only("a"))
		s.opened("a", "auth", 5*time.Minute)
		pass(time.Minute)
		s.round() // checks that pass change nothing about that
		s.opened("a", "auth", 4*time.Minute)
		s.ok(s.call("registerProviderStrategy", strings.Replace(registration("a"), `"provider_type"`, `"version": 1, "priority": 3, "provider_type"`, 1)))
		state, _ := s.breaker("a")
		s.equal(broker.Closed, state)
		s.execute(only("a"))
		s.truth(1)
	})
}

func TestThreeScheduledChecksThatFailShutOutBothKindsOfCalls(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.round()
		for n := range 3 {
			state, _ := s.breaker("a")
			s.equal(broker.Closed, state)
			if n == 1 { // one that somebody asks for does not count
				s.sims["a"].Script(sim.Health, sim.Step{Err: fails(fault.Down, false)})
				s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
			}
			s.sims["a"].Script(sim.Health, sim.Step{Err: fails(fault.Down, false)})
			pass(300 * time.Second)
			s.round()
		}
		s.opened("a", "scheduled checks failed in a row: 3, the last: as the test wants", 60*time.Second)
		s.equal(broker.Open, s.live("a", broker.ClassRead).State)
		s.equal(broker.Closed, s.reads("b", broker.ClassMutate))
		v, _ := s.execute(create(1, ""))
		s.equal([]string{"b CONFIRMED 1/1 "}, attempts(v))

		pass(61 * time.Second) // on trial; a call that goes well closes it
		v, _ = s.execute(only("a"))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		state, _ := s.breaker("a")
		s.equal(broker.Closed, state)
	})
}

func TestAScheduledCheckThatPassesLetsOneCallBeTriedAndClosesNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"recovery_timeout": 3600, "max_recovery_timeout": 7200}}`)
		s.round()
		s.openBreaker("a")
		pass(301 * time.Second)
		s.equal(broker.Open, s.reads("a", broker.ClassMutate))
		s.round()
		s.equal(broker.HalfOpen, s.reads("a", broker.ClassMutate))
		v, _ := s.execute(create(3, `, "selection_criteria": {"prefer_strategies": ["a"]}`))
		s.equal([]string{"a CONFIRMED 1/1 ", "b CONFIRMED 2/2 "}, attempts(v))
		state, _ := s.breaker("a")
		s.equal(broker.Closed, state)
	})
}

func TestTheTimeOpenDoublesUpToWhatIsConfiguredAndOpeningsAreForgotten(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"failure_threshold": 1, "recovery_timeout": 10, "max_recovery_timeout": 35}}`)
		for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 35 * time.Second, 35 * time.Second} {
			s.failCreates("a", 1)
			l := s.live("a", broker.ClassMutate)
			s.equal(want, time.Until(l.OpenUntil))
			pass(want)
		}
		s.execute(only("a")) // closes
		pass(2 * time.Minute)
		s.failCreates("a", 1) // of four openings two are forgotten
		l := s.live("a", broker.ClassMutate)
		s.equal(35*time.Second, time.Until(l.OpenUntil))
		pass(35 * time.Second)
		s.execute(only("a"))
		pass(10 * time.Minute)
		s.failCreates("a", 1)
		l = s.live("a", broker.ClassMutate)
		s.equal(10*time.Second, time.Until(l.OpenUntil))
	})
}

func TestSoManyCallsAreTriedAtATimeAndSoManyMustSucceed(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"failure_threshold": 1, "half_open_max_calls": 2, "success_threshold": 3}}`)
		s.failCreates("a", 1)
		pass(60 * time.Second)
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 2 * time.Second}, sim.Step{Latency: 2 * time.Second})
		var ids []string
		for range 3 {
			a, err := s.call("executeProviderOperation", create(1, ""), async)
			if err == nil {
				ids = append(ids, decode[broker.OperationView](s, a.Body).ID)
			}
			pass(100 * time.Millisecond)
		}
		s.calls("a", sim.Create, 1+2) // two are on trial: the third is not let in
		pass(3 * time.Second)
		s.equal(broker.HalfOpen, s.reads("a", broker.ClassMutate))
		s.execute(only("a"))
		s.equal(broker.Closed, s.reads("a", broker.ClassMutate))
		if len(ids) < 2 {
			s.Errorf("%d were accepted", len(ids))
		}
	})
}

func TestAProberThatDiedHoldsNobodyUpForLongerThanItsCallMayTake(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.openBreaker("a")
		pass(60 * time.Second)
		key := broker.LiveKey{Provider: "a", Class: broker.ClassMutate}
		probe := broker.LiveWrite{
			Kind: broker.LiveProbe, Now: time.Now(), Started: time.Now(), Epoch: s.live("a", broker.ClassMutate).Epoch,
			Attempt: "dead", Expires: time.Now().Add(6 * time.Second), Permits: 1,
		}
		if _, err := s.stored.ApplyLive(s.Context(), key, probe); err != nil {
			s.Fatal(err)
		}
		a, err := s.call("executeProviderOperation", only("a"))
		s.equal(6*time.Second, s.refused(fault.NoProviderAvailable, a, err).RetryAfter)
		pass(6 * time.Second)
		v, _ := s.execute(only("a"))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
	})
}

// TestTheScheduleTellsTheProbeWhatItKnows plays a round with the state machine
// as it is deployed.
func TestTheScheduleTellsTheProbeWhatItKnows(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		for range 3 {
			s.sims["a"].Script(sim.Health, sim.Step{Err: fails(fault.Down, false)})
			pass(301 * time.Second)
			s.machine(statemachines.HealthCheck, `{"functions": {"due": "due"}, "due": {}}`)
		}
		state, _ := s.breaker("a")
		s.equal(broker.Open, state)
		s.configure(`{"circuit_breaker_config": {"recovery_timeout": 3600, "max_recovery_timeout": 7200}}`)
		pass(301 * time.Second)
		s.failCreates("a", 1) // the trial fails: open for two hours
		pass(301 * time.Second)
		s.machine(statemachines.HealthCheck, `{"functions": {"due": "due"}, "due": {}}`)
		state, why := s.breaker("a")
		s.equal(fmt.Sprint(broker.HalfOpen, " a probe failed: DOWN"), fmt.Sprint(state, " ", why))
	})
}

// machine runs a state machine to its end.
func (s *site) machine(definition, input string) {
	s.Helper()
	name := s.newID()
	if err := s.runner.Start(s.Context(), local.Execution{Name: name, Machine: definition, Input: json.RawMessage(input), Timeout: time.Minute}); err != nil {
		s.Fatal(err)
	}
	if err := s.runner.Wait(s.Context(), name); err != nil {
		s.Fatal(err)
	}
}
