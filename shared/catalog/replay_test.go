package catalog_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// replayed takes the stored decision of an operation again.
func (s *site) replayed(id string) {
	s.Helper()
	a := s.ok(s.call("getOperation", `{"operation_id": "`+id+`", "include_evidence": true}`))
	rec := decode[query.OperationAnswer](s, a.Body)
	if rec.Decision == nil {
		s.Fatalf("operation %s has no decision", id)
	}
	again, err := selection.Replay(rec.Decision)
	if err != nil {
		s.Fatal(err)
	}
	then := *rec.Decision
	then.Evidence = nil
	one, err := json.Marshal(then)
	if err != nil {
		s.Fatal(err)
	}
	other, err := json.Marshal(again.Decision)
	if err != nil {
		s.Fatal(err)
	}
	if diff := cmp.Diff(string(one), string(other)); diff != "" {
		s.Errorf("%s: stored -, replayed +\n%s", then.Policy, diff)
	}
	s.equal(rec.Selection.Reason, again.Reason)
	s.equal(len(then.Verdicts), again.Kept)
}

// TestWhatABrokerDecidedIsTakenAgainFromWhatItStored plays a site whose
// providers fail, slow down, fill up and come back, by each policy.
func TestWhatABrokerDecidedIsTakenAgainFromWhatItStored(t *testing.T) {
	for _, policy := range selection.Policies() {
		t.Run(string(policy), func(t *testing.T) {
			inSite(t, map[string]int{"a": 60, "b": 60, "c": 4}, func(s *site) {
				s.configure(`{"circuit_breaker_config": {"failure_threshold": 2, "recovery_timeout": 20}, "fallback_strategies": ["c"]}`)
				s.round()
				for n := range 14 {
					switch n % 5 {
					case 1:
						s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
					case 2:
						s.sims["b"].Script(sim.Create, sim.Step{Latency: 1500 * time.Millisecond})
					case 4:
						pass(25 * time.Second)
					}
					pass(time.Duration(n) * 1717 * time.Millisecond)
					v, _ := s.execute(create(1, `, "selection_policy": "`+string(policy)+`", "context": {"affinity_key": "job-7"}, "selection_criteria": {"min_success_rate": 1, "required_capabilities": []}`))
					s.replayed(v.ID)
				}
				v, _ := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
				s.replayed(v.ID)
			})
		})
	}
}

func TestWhatNobodyAskedForIsNotShownOfADecision(t *testing.T) {
	inSite(t, map[string]int{"a": 5}, func(s *site) {
		v, _ := s.execute(create(1, ""))
		a := s.ok(s.call("getOperation", `{"operation_id": "`+v.ID+`", "include_decision": true}`))
		d := decode[query.OperationAnswer](s, a.Body).Decision
		if d == nil || d.Evidence != nil || len(d.Verdicts) != 1 {
			s.Errorf("got %+v", d)
		}
		a = s.ok(s.call("getOperation", `{"operation_id": "`+v.ID+`"}`))
		if decode[query.OperationAnswer](s, a.Body).Decision != nil {
			s.Error("the decision is there")
		}
	})
}
