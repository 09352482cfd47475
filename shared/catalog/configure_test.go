package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

const initially = `{"default_selection_policy":"FIRST_AVAILABLE","selection_criteria":{},"fallback_strategies":[],"health_check_interval":300,` +
	`"circuit_breaker_config":{"enabled":true,"failure_threshold":5,"failure_rate_percent":50,"slow_rate_percent":80,"slow_call_ms":4000,` +
	`"minimum_calls":10,"window_seconds":60,"recovery_timeout":60,"max_recovery_timeout":300,"half_open_max_calls":1,"success_threshold":1},"explore_creates":false,"sweeper_config":{"mode":"report","interval":3600},"mode":"open"}`

func (s *site) configure(body string) command.Configured {
	s.Helper()
	return decode[command.Configured](s, s.ok(s.call("configureProviderStrategy", body)).Body)
}

// configuration is what getProviderStrategyConfig answers.
func (s *site) configuration() query.StrategyConfigAnswer {
	s.Helper()
	return decode[query.StrategyConfigAnswer](s, s.ok(s.call("getProviderStrategyConfig", "")).Body)
}

func (s *site) written(v any) string {
	s.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		s.Fatal(err)
	}
	return string(b)
}

func TestABrokerThatNobodyConfiguredShowsItsDefaults(t *testing.T) {
	inSite(t, nil, func(s *site) {
		got := s.configuration()
		s.equal(initially, s.written(got.Configuration))
		if got.Version != 0 || got.UpdatedAt != nil || got.UpdatedBy != nil {
			s.Errorf("somebody configured it: %+v", got)
		}
	})
}

func TestWhatAConfigurationLeavesOutStays(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		first := s.configure(`{"default_selection_policy": "round_robin", "selection_criteria": {"min_success_rate": 95, "zones": ["x"]},
			"fallback_strategies": ["b"], "health_check_interval": 600, "circuit_breaker_config": {"failure_threshold": 2, "recovery_timeout": 30}}`)
		s.equal([]any{"configured", int64(1), []string{}}, []any{first.Status, first.Version, first.Warnings})
		s.equal(time.Now().UnixMilli(), first.UpdatedAt.UnixMilli())
		changed := strings.NewReplacer(`FIRST_AVAILABLE`, `ROUND_ROBIN`, `"selection_criteria":{}`, `"selection_criteria":{"zones":["x"],"min_success_rate":95}`,
			`"fallback_strategies":[]`, `"fallback_strategies":["b"]`, `"health_check_interval":300`, `"health_check_interval":600`,
			`"failure_threshold":5`, `"failure_threshold":2`, `"recovery_timeout":60`, `"recovery_timeout":30`).Replace(initially)
		s.equal(changed, s.written(first.Configuration))

		second := s.configure(`{"circuit_breaker_config": {"enabled": false, "slow_call_ms": 250}, "selection_criteria": {"zones": [], "require_healthy": true}, "fallback_strategies": []}`)
		changed = strings.NewReplacer(`"enabled":true`, `"enabled":false`, `4000`, `250`, `{"zones":["x"],`, `{"require_healthy":true,`, `["b"]`, `[]`).Replace(changed)
		s.equal(changed, s.written(second.Configuration))
		got := s.configuration()
		s.equal(changed, s.written(got.Configuration))
		s.equal([]any{int64(2), "ada"}, []any{got.Version, got.UpdatedBy.Principal})

		third := s.configure(`{"reset": ["circuit_breaker_config", "SELECTION_CRITERIA", "default_selection_policy", "health_check_interval"], "health_check_interval": 60}`)
		s.equal(strings.Replace(initially, `"health_check_interval":300`, `"health_check_interval":60`, 1), s.written(third.Configuration))
	})
}

func TestAConfigurationThatChangesNothingIsNotANewVersion(t *testing.T) {
	inSite(t, nil, func(s *site) {
		for _, body := range []string{`{}`, `{"mode": "open"}`, `{"health_check_interval": 300, "version": 0}`} {
			got := s.configure(body)
			s.equal([]any{int64(0), []string{"nothing has changed"}}, []any{got.Version, got.Warnings})
		}
		s.configure(`{"health_check_interval": 301}`)
		s.equal(int64(1), s.configure(`{"health_check_interval": 301}`).Version)
		s.equal(int64(1), s.configuration().Version)
	})
}

func TestAConfigurationIsRefusedFieldByFieldWithTheRemedy(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		for body, want := range map[string]string{
			`{"health_check_interval": 59}`:                                                                          "health_check_interval: want 60 to 86400, got 59",
			`{"health_check_interval": 86401}`:                                                                       "health_check_interval: want 60 to 86400, got 86401",
			`{"default_selection_policy": "ROUNDROBIN"}`:                                                             `default_selection_policy: "ROUNDROBIN" is no policy; there are `,
			`{"sweeper_config": {"mode": "delete"}}`:                                                                 `sweeper_config.mode: "delete" is none of report, act`,
			`{"sweeper_config": {"interval": 299}}`:                                                                  "sweeper_config.interval: want 300 to 86400, got 299",
			`{"mode": "closed"}`:                                                                                     `mode: "closed" is none of open, frozen, recover`,
			`{"selection_criteria": {"min_success_rate": 101}}`:                                                      "selection_criteria.min_success_rate: want 0 to 100, got 101",
			`{"selection_criteria": {"prefer_strategies": ["a"], "exclude_strategies": ["a"]}}`:                      `selection_criteria.prefer_strategies: "a" is excluded too`,
			`{"fallback_strategies": ["a", "b", "c", "d", "e"]}`:                                                     "fallback_strategies: want at most 4 items, got 5",
			`{"fallback_strategies": ["no name"]}`:                                                                   `fallback_strategies[0]: "no name" is not a name`,
			`{"circuit_breaker_config": {"failure_threshold": 0}}`:                                                   "circuit_breaker_config.failure_threshold: want 1 to 1000, got 0",
			`{"circuit_breaker_config": {"failure_rate_percent": 101}}`:                                              "circuit_breaker_config.failure_rate_percent: want 1 to 100, got 101",
			`{"circuit_breaker_config": {"slow_rate_percent": 0}}`:                                                   "circuit_breaker_config.slow_rate_percent: want 1 to 100, got 0",
			`{"circuit_breaker_config": {"window_seconds": 45}}`:                                                     "circuit_breaker_config.window_seconds: calls are counted by ten seconds: want 10, 20, 30, 40, 50 or 60, got 45",
			`{"circuit_breaker_config": {"recovery_timeout": 301}}`:                                                  "circuit_breaker_config.max_recovery_timeout: 300 is less than recovery_timeout, which is 301: send both",
			`{"circuit_breaker_config": {"half_open_max_calls": 11}}`:                                                "circuit_breaker_config.half_open_max_calls: want 1 to 10, got 11",
			`{"circuit_breaker_config": {"recovery_time": 9}}`:                                                       `circuit_breaker_config.recovery_time: unknown key; did you mean "recovery_timeout"?`,
			`{"reset": ["version"]}`:                                                                                 `reset[0]: "version" is none of`,
			`{"version": -1}`:                                                                                        "version: want 0 or more, got -1",
			`{"circuit_breaker_config": {"failure_threshold": "5"}}`:                                                 "circuit_breaker_config.failure_threshold: want",
			`{"health_check_interval": 60, "circuit_breaker_config": {"minimum_calls": 0, "success_threshold": 0}}`:  "circuit_breaker_config.success_threshold: want 1 to 100, got 0",
			`{"health_check_interval": 60, "circuit_breaker_config": {"minimum_calls": 0, "success_threshold": 0} }`: "circuit_breaker_config.minimum_calls: want 1 to 10000, got 0",
		} {
			a, err := s.call("configureProviderStrategy", body)
			e := s.refused(fault.InvalidRequest, a, err)
			told := ""
			for _, f := range e.Fields {
				told += f.Field + ": " + f.Message + "\n"
			}
			if !strings.Contains(told, want) {
				s.Errorf("%s\nwant %q\ngot  %q", body, want, told)
			}
		}
		s.equal(initially, s.written(s.configuration().Configuration))
	})
}

func TestAConfigurationWarnsOfWhatMayNotBeExpected(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		got := s.configure(`{"selection_criteria": {"exclude_strategies": ["a"], "prefer_strategies": ["z"]}, "fallback_strategies": ["a", "b"],
			"circuit_breaker_config": {"enabled": false}, "mode": "FROZEN"}`)
		s.equal([]string{
			`selection_criteria.prefer_strategies: "z" is not registered`,
			`fallback_strategies: "b" is not registered`,
			`fallback_strategies: "a" is excluded by selection_criteria, and never tried`,
			"circuit breakers are off: providers that fail are called again and again",
			"the broker is frozen: what makes or changes things is refused",
		}, got.Warnings)
	})
}

func TestAPolicyThatHasNothingToChooseIsToldOf(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1, "c": 1}, func(s *site) {
		warnings := func() []string {
			return s.configure(`{"default_selection_policy": "ROUND_ROBIN", "fallback_strategies": ["c"]}`).Warnings
		}
		told := []string{"default_selection_policy: ROUND_ROBIN chooses among providers of equal priority, and no two have the same:" +
			" the one of the lowest number is taken first; register those that should share the work with one priority"}
		rank := func(name string, version, priority int) {
			s.ok(s.call("registerProviderStrategy", strings.Replace(registration(name), `"provider_type"`,
				fmt.Sprintf(`"version": %d, "priority": %d, "provider_type"`, version, priority), 1)))
		}
		rank("a", 1, 1)
		rank("b", 1, 2)
		s.equal(told, warnings())
		s.equal(append(slices.Clone(told), "nothing has changed"), warnings())
		s.equal([]string{}, s.configure(`{"default_selection_policy": "FIRST_AVAILABLE"}`).Warnings)
		rank("c", 1, 2)
		s.equal(told, warnings()) // c is a fallback, and stands in no tier
		rank("b", 2, 1)
		s.equal([]string{}, s.configure(`{"default_selection_policy": "RANDOM"}`).Warnings)
	})
}

func TestAnotherVersionThanTheStoredOneIsAConflictWithThatOne(t *testing.T) {
	inSite(t, nil, func(s *site) {
		s.equal(int64(1), s.configure(`{"health_check_interval": 100, "version": 0}`).Version)
		for _, seen := range []int{0, 2, 9} {
			a, err := s.call("configureProviderStrategy", fmt.Sprintf(`{"health_check_interval": 200, "version": %d}`, seen))
			s.equal(int64(1), s.refused(fault.Conflict, a, err).Extra["current_version"])
		}
		s.equal(int64(2), s.configure(`{"health_check_interval": 200, "version": 1}`).Version)
	})
}

func TestOfManyWhoConfigureTogetherNobodyLosesWhatTheOthersDidNotTouch(t *testing.T) {
	inSite(t, nil, func(s *site) {
		bodies := []string{
			`{"default_selection_policy": "ROUND_ROBIN"}`, `{"health_check_interval": 61}`, `{"fallback_strategies": ["f"]}`,
			`{"selection_criteria": {"min_success_rate": 1}}`, `{"selection_criteria": {"zones": ["z"]}}`,
			`{"circuit_breaker_config": {"failure_threshold": 9}}`, `{"circuit_breaker_config": {"minimum_calls": 9}}`,
		}
		var wg sync.WaitGroup
		for _, body := range bodies {
			wg.Go(func() { s.configure(body) })
		}
		wg.Wait()
		want := strings.NewReplacer(`FIRST_AVAILABLE`, `ROUND_ROBIN`, `"health_check_interval":300`, `"health_check_interval":61`,
			`"fallback_strategies":[]`, `"fallback_strategies":["f"]`, `"selection_criteria":{}`, `"selection_criteria":{"zones":["z"],"min_success_rate":1}`,
			`"failure_threshold":5`, `"failure_threshold":9`, `"minimum_calls":10`, `"minimum_calls":9`).Replace(initially)
		got := s.configuration()
		s.equal(want, s.written(got.Configuration))
		s.equal(int64(len(bodies)), got.Version)
	})
}

func TestAConfigurationHoldsFromTheNextSelectionOn(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		picked := func(more string) string {
			return decode[command.Selected](s, s.ok(s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES"`+more+`}`)).Body).SelectedStrategy
		}
		s.equal("a", picked(""))
		s.configure(`{"selection_criteria": {"prefer_strategies": ["b"]}}`)
		s.equal("b", picked(""))
		s.equal("a", picked(`, "selection_criteria": {"prefer_strategies": ["a"]}`))
		s.configure(`{"selection_criteria": {"prefer_strategies": []}, "fallback_strategies": ["a"]}`)
		s.equal("b", picked(""))
		s.configure(`{"reset": ["fallback_strategies"], "default_selection_policy": "ROUND_ROBIN"}`)
		first, second := picked(""), picked("")
		if first == second {
			s.Errorf("turns are not taken: %s twice", first)
		}
	})
}

func TestAConfiguredBreakerOpensAfterSoManyFailuresForSoLong(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"failure_threshold": 2, "recovery_timeout": 7}}`)
		s.failCreates("a", 2)
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{broker.Open, 7 * time.Second}, []any{row.State, time.Until(row.OpenUntil)})
	})
}

// failCreates has so many creates fail at a provider.
func (s *site) failCreates(provider string, n int) {
	s.Helper()
	for range n {
		s.sims[provider].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.execute(create(1, `, "retry_count": 0, "strategy_override": "`+provider+`"`))
	}
}

func TestACheckThatIsSlowerThanConfiguredIsDegraded(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		s.configure(`{"circuit_breaker_config": {"slow_call_ms": 100}}`)
		s.sims["a"].Script(sim.Health, sim.Step{Latency: 101 * time.Millisecond})
		s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
		s.equal(broker.Degraded, s.health("a").State)
	})
}

// health is what getProviderHealth answers of one provider.
func (s *site) health(provider string) query.HealthView {
	s.Helper()
	return decode[query.HealthView](s, s.ok(s.call("getProviderHealth", `{"include_history": true, "provider_name": "`+provider+`"}`)).Body)
}

func TestAShorterIntervalMakesChecksDueAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.equal([]string{"a"}, s.due(s.Context()))
		if err := s.ProbeNow(s.Context(), "a", kind); err != nil {
			s.Fatal(err)
		}
		pass(100 * time.Second)
		s.equal(0, len(s.due(s.Context())))
		s.configure(`{"health_check_interval": 90}`)
		s.equal([]string{"a"}, s.due(s.Context()))
		s.equal(0, len(s.due(s.Context())))
	})
}

// whenFrozen says of every command what a frozen broker does with it, and
// gives one that would be served otherwise.
var whenFrozen = map[string]struct {
	refused bool
	body    string
}{
	"registerProviderStrategy":   {true, registration("z")},
	"deregisterProviderStrategy": {true, `{"strategy_name": "b"}`},
	"registerTemplate":           {true, `{"template_id": "z"}`},
	"deleteTemplate":             {true, `{"template_id": "t"}`},
	"executeProviderOperation":   {true, create(1, "")},
	"selectProviderStrategy":     {false, `{"operation_type": "CREATE_INSTANCES"}`},
	"configureProviderStrategy":  {false, `{"health_check_interval": 77}`},
	"registerHostProvider":       {true, `{"name": "z", "dialect": "lsf"}`},
	"requestMachines":            {true, `{"template_id": "t", "machine_count": 1}`},
	"requestReturnMachines":      {false, `{"machines": [{"name": "nobody"}]}`},
	"cancelRequest":              {false, `{"request_id": "req-op-3"}`},
	"cancelOperation":            {false, `{"operation_id": "op-2"}`},
	"updateProviderHealth":       {false, `{"provider_name": "a", "health_status": {"is_healthy": true}}`},
}

func TestAFrozenBrokerMakesAndChangesNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		v, _ := s.execute(create(2, ""), key("before"))
		s.slowly("live begin", 5*time.Second)
		waiting := s.inBackground(create(1, "")) // op-2, which can be cancelled
		pass(time.Second)
		s.store.setGate(nil)
		s.boots("a", time.Hour)
		s.equal("req-op-3", s.request(1, ""))
		s.configure(`{"mode": "frozen"}`)
		for _, e := range s.serve {
			if e.Spec.Kind != op.Command {
				continue
			}
			c, ok := whenFrozen[e.Spec.Name]
			if !ok {
				s.Errorf("what does a frozen broker do with %s? Say so in the table", e.Spec.Name)
				continue
			}
			a, err := s.call(e.Spec.Name, c.body)
			if c.refused {
				s.refused(fault.Frozen, a, err)
			} else {
				s.ok(a, err)
			}
		}
		s.equal(broker.OpCancelled, (<-waiting).view.Status)
		again, code := s.execute(create(2, ""), key("before"))
		s.equal([]any{v.ID, fault.Code("")}, []any{again.ID, code})
		pass(time.Minute)
		s.tick()
		s.truth(2)

		for _, body := range []string{
			`{"operation_type": "HEALTH_CHECK"}`,
			fmt.Sprintf(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": %q}}`, v.ID),
			fmt.Sprintf(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["%s"]}}`, strings.Join(machines(v), `", "`)),
		} {
			got, code := s.execute(body)
			s.equal([]any{broker.OpSucceeded, fault.Code("")}, []any{got.Status, code})
		}
		s.truth(0)
		s.configure(`{"mode": "open"}`)
		s.execute(create(1, ""))
		s.truth(1)
	})
}

func TestWhatHasBegunGoesOnAtAFrozenBroker(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: time.Second})
		a := s.ok(s.call("executeProviderOperation", create(3, ""), async))
		s.configure(`{"mode": "frozen"}`)
		pass(time.Minute)
		synctest.Wait()
		s.equal(broker.OpSucceeded, s.get(decode[broker.OperationView](s, a.Body).ID).Status)
		s.truth(3)
	})
}
