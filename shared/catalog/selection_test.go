package catalog_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// selects asks which provider a create would go to.
func (s *site) selects(more string) command.Selected {
	s.Helper()
	a := s.ok(s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES"`+more+`}`))
	return decode[command.Selected](s, a.Body)
}

func TestEveryPolicySelectsAndExecutes(t *testing.T) {
	inMemory(t, map[string]int{"a": 99, "b": 99, "c": 99}, func(s *site) {
		for _, p := range selection.Policies() {
			policy := fmt.Sprintf(`, "selection_policy": %q`, strings.ToLower(string(p)))
			got := s.selects(policy)
			if got.Policy != p || len(got.Alternatives) != 2 || len(got.Candidates) != 3 || got.SelectionReason == "" {
				s.Errorf("%s: %+v", p, got)
			}
			v, _ := s.execute(create(1, policy))
			s.equal(broker.OpSucceeded, v.Status)
			s.equal(p, v.Selection.Policy)
		}
	})
}

func TestTheHelpNamesEveryPolicy(t *testing.T) {
	for _, in := range []any{command.SelectInput{}, command.ExecuteInput{}} {
		f, ok := reflect.TypeOf(in).FieldByName("SelectionPolicy")
		if !ok {
			t.Fatalf("%T has no policy", in)
		}
		names := strings.FieldsFunc(f.Tag.Get("doc"), func(r rune) bool { return strings.ContainsRune(" ,.", r) })
		for _, p := range selection.Policies() {
			if !slices.Contains(names, string(p)) {
				t.Errorf("%T does not name %s", in, p)
			}
		}
	}
}

func TestAnAffinityKeyGoesToOneProviderAgainAndAgain(t *testing.T) {
	inMemory(t, map[string]int{"a": 9, "b": 9, "c": 9, "d": 9}, func(s *site) {
		sticky := func(key string) string {
			return s.selects(fmt.Sprintf(`, "selection_policy": "STICKY", "context": {"affinity_key": %q}`, key)).SelectedStrategy
		}
		found := map[string]bool{}
		for k := range 20 {
			key := fmt.Sprint("job-", k)
			first := sticky(key)
			found[first] = true
			for range 3 {
				s.equal(first, sticky(key))
			}
		}
		if len(found) < 3 {
			s.Errorf("20 keys went to %v", found)
		}
	})
}

func TestTheContextSaysWhereARequestComesFrom(t *testing.T) {
	inMemory(t, nil, func(s *site) {
		for name, tags := range map[string]string{
			"london": `{"region": "eu-1", "geography": "eu", "latitude": "51.5", "longitude": "-0.1"}`,
			"tokyo":  `{"region": "ap-1", "geography": "ap", "latitude": "35.7", "longitude": "139.7"}`,
		} {
			s.ok(s.call("registerProviderStrategy", strings.Replace(registration(name), `"provider_type"`, `"tags": `+tags+`, "zone": "`+name+`-a", "provider_type"`, 1)))
		}
		for from, want := range map[string]string{
			`"zone": "tokyo-a"`: "tokyo", `"zone": "london-a"`: "london", `"region": "ap-1"`: "tokyo", `"geography": "eu"`: "london",
			`"latitude": "37.8", "longitude": "-122.4"`: "tokyo", `"latitude": "40.7", "longitude": "-74"`: "london",
		} {
			got := s.selects(`, "selection_policy": "GEOGRAPHIC", "context": {` + from + `}`)
			s.equal(want, got.SelectedStrategy)
		}
		got := s.selects(`, "selection_policy": "GEOGRAPHIC", "context": {"zone": "tokyo-a"}, "selection_criteria": {"zones": ["eu"]}`)
		s.equal("london", got.SelectedStrategy)
	})
}

func TestADecisionIsStoredWithTheChanceThatItTook(t *testing.T) {
	inMemory(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		v, _ := s.execute(create(1, `, "selection_policy": "RANDOM", "context": {"zone": "z", "affinity_key": "k"}`))
		l, err := s.stored.Ledger(s.Context(), v.ID)
		if err != nil {
			s.Fatal(err)
		}
		s.equal(v.ID, l.Decision.Seed)
		s.equal("k", l.Decision.AffinityKey)
		s.equal(broker.Origin{Zone: "z"}, l.Decision.Origin)
	})
}

func TestPanicIsAllowedByRequestAndTold(t *testing.T) {
	inMemory(t, nil, func(s *site) {
		s.sims["a"] = sim.New(sim.Options{Name: "a", Free: 9, Now: time.Now})
		s.sims["a"].Always(sim.Health, sim.Step{Err: fails(fault.Down, false)})
		s.ok(s.call("registerProviderStrategy", registration("a"))) // and finds it down
		strict := `, "selection_criteria": {"require_healthy": true%s}`
		a, err := s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES"`+fmt.Sprintf(strict, "")+`}`)
		s.refused(fault.NoProviderAvailable, a, err)
		if got := s.selects(fmt.Sprintf(strict, `, "panic": "ALLOW"`)); !strings.Contains(got.SelectionReason, "panic: allow") {
			s.Error(got.SelectionReason)
		}
	})
}

func TestARequirementThatCannotBeReadIsRefused(t *testing.T) {
	inMemory(t, map[string]int{"a": 9}, func(s *site) {
		a, err := s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES", "selection_criteria": {"required_capabilities": ["x", "gpus>="]}}`)
		e := s.refused(fault.InvalidRequest, a, err)
		if !strings.Contains(e.Error(), "required_capabilities[1]") {
			s.Error(e.Error())
		}
	})
}
