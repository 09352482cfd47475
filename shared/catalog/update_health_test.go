package catalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// say tells how a provider is.
func (s *site) say(provider, status, more string) command.HealthUpdated {
	s.Helper()
	body := fmt.Sprintf(`{"provider_name": %q, "health_status": {%s}%s}`, provider, status, more)
	return decode[command.HealthUpdated](s, s.ok(s.call("updateProviderHealth", body)).Body)
}

const limited = `"is_healthy": false, "status_message": "Rate limit exceeded", "error_details": {"error_code": "RATE_LIMIT", "retry_after": 300}`

func (s *site) check(provider string) {
	s.Helper()
	if err := s.ProbeNow(s.Context(), provider, kind); err != nil {
		s.Fatal(err)
	}
}

func TestAProviderThatIsSaidToBeUnhealthyGetsNoCallUntilItsTimeHasPassed(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		began := time.Now()
		got := s.say("a", limited, `, "source": "monitoring_system"`)
		s.equal(command.HealthStated{
			State: broker.Unhealthy, StatusMessage: "Rate limit exceeded", Source: "monitoring_system", CircuitBreaker: broker.ForcedOpen,
		}, got.HealthStatus)
		s.equal([]any{true, broker.Healthy, broker.Closed}, []any{got.Previous.IsHealthy, got.Previous.State, got.Previous.CircuitBreaker})
		s.equal([]any{"a", int64(300_000), []string{}}, []any{got.ProviderName, got.ExpiresAt.Sub(began).Milliseconds(), got.Warnings})

		picked := decode[command.Selected](s, s.ok(s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES"}`)).Body)
		s.equal("b", picked.SelectedStrategy)
		v := picked.Candidates[len(picked.Candidates)-1]
		s.equal([]string{"a", "breaker_open", "FORCED_OPEN", "until " + began.Add(300*time.Second).UTC().Format(time.RFC3339)}, []string{v.Provider, v.Rule, v.Value, v.Detail})
		pass(299 * time.Second)
		a, err := s.call("executeProviderOperation", create(1, `, "strategy_override": "a"`))
		s.refused(fault.NoProviderAvailable, a, err)
		s.calls("a", sim.Create, 0)

		pass(time.Second)
		s.equal(broker.HalfOpen, s.health("a").CircuitBreaker.State)
		op, _ := s.execute(create(3, `, "selection_criteria": {"prefer_strategies": ["a"]}`))
		s.equal([]string{"a CONFIRMED 1/1 ", "b CONFIRMED 2/2 "}, attempts(op))
		breakers := s.health("a").CircuitBreaker.ByClass
		s.equal([]any{broker.Closed, broker.HalfOpen}, []any{breakers[broker.ClassMutate].State, breakers[broker.ClassRead].State})
	})
}

func TestWithoutATimeItIsHeldBackUntilItIsSaidToBeHealthy(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		got := s.say("a", `"is_healthy": false`, "")
		s.equal([]any{"said to be unhealthy", "ada"}, []any{got.HealthStatus.StatusMessage, got.HealthStatus.Source})
		if got.ExpiresAt != nil {
			s.Errorf("it expires at %v", got.ExpiresAt)
		}
		pass(30 * 24 * time.Hour)
		s.check("a") // which passes, and releases nothing
		shown := s.health("a")
		s.equal([]any{false, broker.Unhealthy, "said to be unhealthy", "ada", broker.ForcedOpen},
			[]any{shown.IsHealthy, shown.State, shown.StatusMessage, shown.Source, shown.CircuitBreaker.State})
		a, err := s.call("executeProviderOperation", create(1, ""))
		s.refused(fault.NoProviderAvailable, a, err)

		healthy := s.say("a", `"is_healthy": true, "status_message": "mended"`, `, "source": "ops"`)
		s.equal(command.HealthStated{IsHealthy: true, State: broker.Healthy, StatusMessage: "mended", Source: "ops", CircuitBreaker: broker.Closed}, healthy.HealthStatus)
		s.equal([]any{broker.Unhealthy, "ada", broker.ForcedOpen}, []any{healthy.Previous.State, healthy.Previous.Source, healthy.Previous.CircuitBreaker})
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{broker.Closed, 0, 0, ""}, []any{row.State, row.FailRun, row.Opens, row.Reason})
		s.execute(create(1, ""))
		s.truth(1)
	})
}

func TestNoCallOfAnyKindGoesToAProviderThatIsHeldBack(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		v, _ := s.execute(create(2, ""))
		s.say("a", limited, "")
		before := map[sim.Call]int{}
		for _, c := range []sim.Call{sim.Create, sim.Find, sim.Status, sim.Terminate} {
			before[c] = s.sims["a"].Calls(c)
		}
		status, code := s.execute(fmt.Sprintf(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": %q}}`, v.ID))
		s.equal([]any{broker.OpFailed, fault.ProviderFailed}, []any{status.Status, code})
		if !strings.Contains(status.Message, "a is held back by ada: Rate limit exceeded") {
			s.Errorf("it does not say why: %s", status.Message)
		}
		ended := s.ok(s.call("executeProviderOperation", fmt.Sprintf(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["%s"]}}`, strings.Join(machines(v), `", "`)), async))
		pass(time.Minute)
		for c, n := range before {
			s.calls("a", c, n)
		}
		s.say("a", `"is_healthy": true`, "")
		s.later(decode[broker.OperationView](s, ended.Body).ID, 10)
		s.truth(0)
	})
}

func TestWhatSomebodySaidIsShownWithReasonSourceAndHistory(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		pass(time.Second)
		s.say("a", limited+`, "response_time_ms": 1234.5`, `, "source": "monitoring_system"`)
		said := time.Now()
		got := s.health("a")
		s.equal([]any{"Rate limit exceeded", "monitoring_system", `{"error_code":"RATE_LIMIT","retry_after":300}`, int64(1234)},
			[]any{got.StatusMessage, got.Source, string(got.ErrorDetails), *got.ResponseTimeMS})
		s.equal([]any{broker.ForcedOpen, "Rate limit exceeded", "monitoring_system", said.Add(300 * time.Second).UnixMilli()},
			[]any{got.CircuitBreaker.State, got.CircuitBreaker.Reason, got.CircuitBreaker.Source, got.CircuitBreaker.OpenUntil.UnixMilli()})
		for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
			s.equal(broker.ForcedOpen, got.CircuitBreaker.ByClass[class].State)
		}
		entry := got.History[0]
		s.equal([]any{broker.Unhealthy, "monitoring_system", "ada", said.UnixMilli()}, []any{entry.State, entry.Source, entry.By, entry.At.UnixMilli()})

		pass(time.Second)
		s.say("a", limited, `, "source": "monitoring_system"`) // said again: held for longer, and no news
		s.equal(len(got.History), len(s.health("a").History))
		pass(time.Second)
		s.check("a") // finds it well
		got = s.health("a")
		s.equal([]any{false, broker.Unhealthy, "Rate limit exceeded", "monitoring_system"}, []any{got.IsHealthy, got.State, got.StatusMessage, got.Source})
		s.equal([]broker.HealthState{broker.Healthy, broker.Unhealthy, broker.Healthy}, []broker.HealthState{got.History[0].State, got.History[1].State, got.History[2].State})
		list := decode[query.ProviderList](s, s.ok(s.call("listAvailableProviders", "")).Body)
		s.equal("unavailable", list.Providers[0].Status)
	})
}

func TestWhatIsOlderThanWhatIsKnownIsDroppedWithAWarning(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		pass(time.Hour)
		s.check("a")
		shown := s.health("a")
		old := fmt.Sprintf(`, "last_check_time": %q`, time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
		got := s.say("a", limited+old, "")
		s.equal([]any{broker.Healthy, broker.Closed, 1}, []any{got.HealthStatus.State, got.HealthStatus.CircuitBreaker, len(got.Warnings)})
		if !strings.Contains(strings.Join(got.Warnings, ""), "nothing has changed") {
			s.Errorf("got %q", got.Warnings)
		}
		s.equal(shown, s.health("a"))
		same := fmt.Sprintf(`, "last_check_time": %q`, shown.LastCheckTime.UTC().Format("2006-01-02T15:04:05.000Z"))
		s.equal(broker.Unhealthy, s.say("a", limited+same, "").HealthStatus.State)
	})
}

func TestWhatIsSaidOfHealthIsRefusedWithTheRemedy(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		for status, want := range map[string]string{
			`"status_message": "x"`: "health_status.is_healthy: required",
			`"is_healthy": false, "error_details": {"retry_after": "300"}`:         "health_status.error_details.retry_after: want 1 to 2592000 seconds",
			`"is_healthy": false, "error_details": {"retry_after": 0}`:             "retry_after: want 1 to 2592000 seconds",
			`"is_healthy": false, "error_details": {"retry_after": 2592001}`:       "retry_after: want 1 to 2592000 seconds",
			`"is_healthy": false, "last_check_time": "2999-01-01T00:00:00Z"`:       "health_status.last_check_time: 2999-01-01T00:00:00Z is still to come",
			`"is_healthy": false, "last_check_time": "yesterday"`:                  "health_status.last_check_time: want a time",
			`"is_healthy": false, "retry_after": 3`:                                "health_status.retry_after: unknown key",
			`"is_healthy": false, "response_time_ms": -1`:                          "health_status.response_time_ms: want 0 to",
			`"is_healthy": false, "error_details": {"x": "` + long(1100) + `"}`:    "health_status.error_details: at most 1024 bytes",
			`"is_healthy": false, "status_message": "` + long(513) + `"`:           "health_status.status_message: want at most 512 bytes",
			`"is_healthy": "no", "error_details": {"retry_after": 3}, "is_": true`: "health_status.is_healthy: want true or false",
		} {
			a, err := s.call("updateProviderHealth", fmt.Sprintf(`{"provider_name": "a", "health_status": {%s}}`, status))
			e := s.refused(fault.InvalidRequest, a, err)
			told := ""
			for _, f := range e.Fields {
				told += f.Field + ": " + f.Message + "\n"
			}
			if !strings.Contains(told, want) {
				s.Errorf("%s: want %q, got %q", status, want, told)
			}
		}
		a, err := s.call("updateProviderHealth", `{"provider_name": "z", "health_status": {"is_healthy": true}}`)
		s.refused(fault.NotFound, a, err)
		s.equal(broker.Closed, s.health("a").CircuitBreaker.State)
	})
}

func long(n int) string { return strings.Repeat("x", n) }

func TestWhoSaysHealthyOfAProviderThatFailuresShutOutMayTryItAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.openBreaker("a")
		s.equal(broker.HalfOpen, s.say("a", `"is_healthy": true`, "").HealthStatus.CircuitBreaker)
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.execute(create(1, `, "retry_count": 0`))
		row := s.live("a", broker.ClassMutate) // the word was wrong
		s.equal([]any{broker.Open, 2 * time.Minute}, []any{row.State, time.Until(row.OpenUntil)})
		s.say("a", `"is_healthy": true`, "")
		s.execute(create(1, ""))
		s.equal(broker.Closed, s.live("a", broker.ClassMutate).State)
	})
}

func TestSayingHealthyOfAProviderThatWorksForgetsNoFailures(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.failCreates("a", 4)
		s.say("a", `"is_healthy": true`, "")
		s.equal(4, s.live("a", broker.ClassMutate).FailRun)
	})
}

func TestANewRegistrationDoesNotLiftWhatSomebodyHoldsBack(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.say("a", `"is_healthy": false`, `, "source": "ops"`)
		seen := strings.Replace(registration("a"), `"provider_type"`, `"version": 1, "priority": 3, "provider_type"`, 1)
		r := decode[command.Registered](s, s.ok(s.call("registerProviderStrategy", seen)).Body)
		s.equal([]string{`"a" is still held back by ops: said to be unhealthy; updateProviderHealth with is_healthy ends that`}, r.Warnings)
		s.equal(broker.ForcedOpen, s.health("a").CircuitBreaker.State)
	})
}

func TestWhatHasRunOutIsCheckedAtTheNextRound(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.due(s.Context())
		s.say("a", `"is_healthy": false, "error_details": {"retry_after": 100}`, "")
		pass(99 * time.Second)
		s.equal(0, len(s.due(s.Context())))
		pass(time.Second)
		s.equal([]string{"a"}, s.due(s.Context()))
	})
}

func TestACallThatBeganBeforeCountsNowhereAfterwards(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 2 * time.Second})
		a := s.ok(s.call("executeProviderOperation", create(1, ""), async))
		pass(time.Second)
		s.say("a", limited, "")
		pass(3 * time.Second)
		s.equal(broker.OpSucceeded, s.get(decode[broker.OperationView](s, a.Body).ID).Status) // it was sent before
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{broker.ForcedOpen, int64(1), int64(0)}, []any{row.State, row.Epoch - 1, row.Calls(time.Now())})
	})
}

func TestWithBreakersOffNothingIsHeldBackAndThatIsSaid(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.openBreaker("a")
		got := s.configure(`{"circuit_breaker_config": {"enabled": false}}`)
		s.equal(1, len(got.Warnings))
		shown := s.health("a").CircuitBreaker
		s.equal([]any{broker.Disabled, broker.Disabled, broker.Disabled},
			[]any{shown.State, shown.ByClass[broker.ClassMutate].State, shown.ByClass[broker.ClassRead].State})
		said := s.say("a", limited, "")
		s.equal([]any{broker.Disabled, []string{"circuit breakers are off: its calls are let through all the same"}}, []any{said.HealthStatus.CircuitBreaker, said.Warnings})
		s.execute(create(1, ""))
		s.truth(1)
		s.failCreates("a", 12)
		s.calls("a", sim.Create, 5+1+12)
		s.configure(`{"circuit_breaker_config": {"enabled": true}}`)
		s.equal(broker.ForcedOpen, s.health("a").CircuitBreaker.State)
	})
}

func TestWhatIsSaidInTheMiddleOfAFailureIsSaidAgain(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		for _, lost := range []string{"live force", "health", "live lift"} {
			s.store.setGate(failing(lost))
			for _, status := range []string{limited, `"is_healthy": true`} {
				_, _ = s.serve["updateProviderHealth"].Serve(s.Context(), call(), []byte(`{"provider_name": "a", "health_status": {`+status+`}}`))
			}
			s.store.setGate(nil)
			s.say("a", limited, "")
			s.equal([]any{broker.ForcedOpen, broker.ForcedOpen}, []any{s.live("a", broker.ClassMutate).State, s.live("a", broker.ClassRead).State})
			s.say("a", `"is_healthy": true`, "")
			s.equal([]any{broker.Closed, broker.Closed}, []any{s.live("a", broker.ClassMutate).State, s.live("a", broker.ClassRead).State})
		}
	})
}

func call() op.Call { return op.Call{Principal: "ada", Role: op.Admin, RequestID: "r"} }

// failing is a gate at which every write of that name is lost.
func failing(name string) func(context.Context, string, bool) error {
	return func(_ context.Context, write string, after bool) error {
		if write == name && !after {
			return fault.New(fault.StoreUnavailable, "lost")
		}
		return nil
	}
}

func TestACheckOfAProviderThatCannotBeUsedSaysWhy(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		delete(s.sims, "a")
		v, code := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		h := s.health("a")
		s.equal([]any{broker.Unhealthy, `cannot be used: there is no provider "a"`}, []any{h.State, h.StatusMessage})
	})
}
