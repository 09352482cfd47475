package catalog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func validate(parameters, more string) string {
	return fmt.Sprintf(`{"operation_type": "VALIDATE_TEMPLATE", "parameters": %s%s}`, parameters, more)
}

func offers(more string) string {
	return fmt.Sprintf(`{"operation_type": "GET_AVAILABLE_TEMPLATES"%s}`, more)
}

// offered tells what templates an operation found, and where.
func offered(v broker.OperationView) []string {
	told := []string{}
	for _, o := range v.Result.Templates {
		told = append(told, o.TemplateID+" at "+o.Provider)
	}
	return told
}

func TestATemplateIsValidatedByTheProviderThatWouldMakeTheMachines(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		v, code := s.execute(validate(`{"template_id": "t"}`, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, "a"}, []any{code, v.Status, v.Provider})
		want := broker.ValidationResult{Valid: true, Errors: []string{}, Warnings: []string{}, ValidatedFields: []string{"attributes"}}
		s.equal(&want, v.Result.ValidationResult)
		s.equal([]string{"a CONFIRMED 0/0 "}, attempts(v))
		s.equal([]string{"claim", "live begin", "live end", "outcome CONFIRMED and close", "count"}, s.store.written())
		s.calls("b", sim.Validate, 0)
		s.truth(0)
	})
}

func TestWhereNothingElseIsKnownATemplateCostsWhatTheRegistrationSays(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.ok(s.call("registerProviderStrategy", strings.Replace(registration("a"), "{", `{"version": 1, "price_per_hour": 0.5, `, 1)))
		for more, unit := range map[string]*float64{
			``:                                  nil,
			`, "machine_weights": {"large": 4}`: new(0.5),
			`, "machine_weights": {"X86_64": 4}, "attributes": {"type": "X86_64"}`: new(0.125),
		} {
			v, _ := s.execute(validate(`{"template": {"template_id": "x"`+more+`}}`, ""))
			s.equal(broker.Estimate{EstimatedCostPerHour: new(0.5), EstimatedCostPerUnitHour: unit}, v.Result.Estimate)
		}
		v, _ := s.execute(offers(""))
		s.equal(broker.Estimate{EstimatedCostPerHour: new(0.5)}, v.Result.Templates[0].Estimate)
	})
}

func TestASelectionForUnitsNeedsATemplate(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		a, err := s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES", "units": 4}`)
		s.refused(fault.InvalidRequest, a, err)
		s.ok(s.call("selectProviderStrategy", `{"operation_type": "CREATE_INSTANCES", "units": 4, "template_id": "t"}`))
	})
}

func TestABadTemplateIsAGoodAnswer(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		bad := `{"template": {"template_id": "x", "attributes": {"impossible": true}}}`
		v, code := s.execute(validate(bad, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, false}, []any{code, v.Status, v.Result.Valid})
		s.equal([]string{"attributes.impossible: nothing has it"}, v.Result.Errors)
		s.calls("b", sim.Validate, 0) // that it is no good is no reason to ask another
	})
}

func TestAValidationFailsOver(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		s.sims["a"].Always(sim.Validate, sim.Step{Err: fails(fault.Down, false)})
		v, code := s.execute(validate(`{"template_id": "t"}`, ""))
		s.equal([]any{fault.Code(""), true, "b"}, []any{code, v.Result.Valid, v.Provider})
		s.equal([]string{"a NONE 0/0 DOWN", "b CONFIRMED 0/0 "}, attempts(v))
		s.calls("a", sim.Validate, 2)

		_, code = s.execute(validate(`{"template_id": "t"}`, `, "strategy_override": "a"`))
		s.equal(fault.ProviderFailed, code)
	})
}

func TestATemplateThatNoProviderCanUseIsAnsweredWithoutAskingOne(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		// It was good for a kind when it was stored, and is not for this one.
		s.ok(s.call("registerTemplate", `{"template_id": "x", "overrides": {"providers": {"a": {"image": "ami-1", "subnets": ["subnet-1"]}, "b": {"subnets": ["subnet-1"]}}}}`))
		s.store.reset()
		v, code := s.execute(validate(`{"template_id": "x"}`, ""), key("k"))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, false, 2}, []any{code, v.Status, v.Result.Valid, len(v.Result.Errors)})
		for i, name := range []string{"a: ", "b: "} {
			if !strings.HasPrefix(v.Result.Errors[i], name) {
				t.Errorf("error %d says not whose it is: %q", i, v.Result.Errors[i])
			}
		}
		s.equal([]string{"claim"}, s.store.written())
		s.calls("a", sim.Validate, 0)
		again, _ := s.execute(validate(`{"template_id": "x"}`, ""), key("k"))
		s.equal(v.ID, again.ID)
		s.equal(v.Result, s.get(v.ID).Result)

		// With one provider left that can use it, that one is asked.
		s.ok(s.call("registerTemplate", `{"template_id": "x", "overrides": {"providers": {"a": {"subnets": ["subnet-1"]}}}, "version": 1}`))
		v, _ = s.execute(validate(`{"template_id": "x"}`, ""))
		s.equal([]any{true, "b"}, []any{v.Result.Valid, v.Provider})
		v, _ = s.execute(validate(`{"template_id": "x"}`, `, "strategy_override": "a"`))
		s.equal([]any{false, 1}, []any{v.Result.Valid, len(v.Result.Errors)})
	})
}

func TestAnInlineTemplateThatContradictsItselfIsABadTemplate(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		v, code := s.execute(validate(`{"template": {"template_id": "x", "attributes": {"ncpus": "many"}}}`, ""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded, false}, []any{code, v.Status, v.Result.Valid})
		s.equal([]string{"attributes.ncpus: want a number above 0"}, v.Result.Errors)
		a, err := s.call("executeProviderOperation", validate(`{"template_id": "nobody"}`, ""))
		s.refused(fault.NotFound, a, err)
		a, err = s.call("executeProviderOperation", validate(`{"template": {"template_id": "x", "imgae": "y"}}`, ""))
		s.refused(fault.InvalidRequest, a, err)
	})
}

func TestWhereNobodyCanBeAskedAValidationSaysSo(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		a, err := s.call("executeProviderOperation", validate(`{"template_id": "t"}`, `, "selection_criteria": {"exclude_strategies": ["a"]}`))
		s.refused(fault.NoProviderAvailable, a, err)
	})
}

func TestTheTemplatesOfAProviderAreThoseThatWorkOutThere(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		for _, body := range []string{
			`{"template_id": "big", "attributes": {"ncpus": 16}, "machine_types": ["m.large"], "user_data": "secret"}`,
			`{"template_id": "never", "attributes": {"impossible": true}}`,
			`{"template_id": "elsewhere", "overrides": {"providers": {"a": {"subnets": ["subnet-1"]}}}}`,
			`{"template_id": "spot", "attributes": {"os": "linux"}, "price_type": "spot", "overrides": {"providers": {"a": {"attributes": {"ncpus": 4}}}}}`,
		} {
			s.ok(s.call("registerTemplate", body))
		}
		v, code := s.execute(offers(""))
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		s.equal([]string{"big at a", "spot at a", "t at a"}, offered(v))
		s.equal(map[string]any{"os": "linux", "ncpus": float64(4)}, v.Result.Templates[1].Attributes)
		raw, err := json.Marshal(v)
		if err != nil || strings.Contains(string(raw), "secret") {
			t.Errorf("user data is shown: %s, %v", raw, err)
		}
		v, _ = s.execute(offers(`, "strategy_override": "b"`))
		s.equal([]string{"big at b", "elsewhere at b", "spot at b", "t at b"}, offered(v))

		for filter, want := range map[string][]string{
			`{"template_ids": ["t", "nobody"]}`:                     {"t at a"},
			`{"attributes": {"ncpus": 4}}`:                          {"big at a", "spot at a"},
			`{"attributes": {"ncpus": "4", "os": "linux"}}`:         {"spot at a"},
			`{"machine_type": "m.large"}`:                           {"big at a"},
			`{"price_type": "spot"}`:                                {"spot at a"},
			`{"price_type": "spot", "attributes": {"os": "plan9"}}`: {},
		} {
			v, _ = s.execute(offers(`, "parameters": {"filter": ` + filter + `}`))
			s.equal(want, offered(v))
		}
	})
}

func TestAskingForTemplatesFailsOver(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		s.sims["a"].Always(sim.Validate, sim.Step{Hang: true})
		v, code := s.execute(offers(""))
		s.equal([]any{fault.Code(""), "b"}, []any{code, v.Provider})
		s.equal([]string{"t at b"}, offered(v))
		s.equal([]string{"a NONE 0/0 TIMEOUT", "b CONFIRMED 0/0 "}, attempts(v))
	})
}

func TestMoreTemplatesThanOneAnswerHolds(t *testing.T) {
	inMemory(t, map[string]int{"a": 1}, func(s *site) {
		for i := range 1010 {
			if _, err := s.stored.PutTemplate(s.Context(), broker.Template{ID: fmt.Sprintf("t-%04d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		v, code := s.execute(offers(""))
		s.equal([]any{fault.Code(""), 1000, true}, []any{code, len(v.Result.Templates), v.Result.Truncated})
		v, _ = s.execute(offers(`, "parameters": {"filter": {"template_ids": ["t-1009"]}}`))
		s.equal([]any{1, false}, []any{len(v.Result.Templates), v.Result.Truncated})
	})
	inMemory(t, map[string]int{"a": 1}, func(s *site) { // fewer, and larger
		for i := range 30 {
			tags := map[string]string{"note": strings.Repeat("x", 50_000)}
			if _, err := s.stored.PutTemplate(s.Context(), broker.Template{ID: fmt.Sprintf("t-%04d", i), Tags: tags}); err != nil {
				t.Fatal(err)
			}
		}
		v, _ := s.execute(offers(""))
		s.equal([]any{1 + 20, true}, []any{len(v.Result.Templates), v.Result.Truncated}) // t, and of 50 KB and some each what 1 MiB holds
	})
}
