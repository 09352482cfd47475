package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

const threeHosts = `{"strategy_name": "a", "provider_type": "static", "priority": 2, "strategy_config": {"hosts": [
	{"name": "h", "address": "192.0.2.9", "attributes": {"ncpus": 8}}, {"name": "i", "address": "192.0.2.2"}], "check": {"kind": "none"}}, "dry_run": true}`

func TestADryRunOfARegistrationTellsEachFieldAndStoresNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		got := decode[command.Registered](s, s.ok(s.call("registerProviderStrategy", threeHosts)).Body)
		s.equal([]any{"updated", int64(1), true}, []any{got.Status, got.Version, got.DryRun})
		s.equal([]broker.Change{
			{Field: "priority", From: 0.0, To: 2.0},
			{Field: "strategy_config.hosts[h].address", From: "192.0.2.1", To: "192.0.2.9"},
			{Field: "strategy_config.hosts[i]", To: map[string]any{"name": "i", "address": "192.0.2.2"}},
		}, got.Changes)

		dry := func(name, body string) string {
			body = strings.Replace(body, "{", `{"dry_run": true, `, 1)
			r := decode[command.Registered](s, s.ok(s.call(name, body)).Body)
			if !r.DryRun || len(r.Changes) > 0 {
				s.Errorf("%s: %+v", body, r)
			}
			return r.Status
		}
		s.equal("unchanged", dry("registerProviderStrategy", registration("a")))
		s.equal("registered", dry("registerProviderStrategy", registration("b")))
		s.equal("unchanged", dry("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}}`))
		s.equal("registered", dry("registerTemplate", `{"template_id": "u"}`))
		s.equal([]string{}, s.store.written())
		s.calls("a", sim.Create, 0)
		s.equal([]string{"a"}, s.registered())
	})
}

func TestADryRunRefusesWhatRegisteringWould(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		for body, code := range map[string]fault.Code{
			strings.Replace(threeHosts, `"192.0.2.2"`, `"no address"`, 1):                                                 fault.InvalidRequest,
			strings.Replace(threeHosts, `"priority"`, `"version": 7, "priority"`, 1):                                      fault.Conflict,
			strings.Replace(strings.Replace(threeHosts, `"priority"`, `"version": 1, "priority"`, 1), `"a"`, `"z"`, 1):    fault.NotFound,
			`{"strategy_name": "a", "provider_type": "aws", "strategy_config": {"region": "us-west-2"}, "dry_run": true}`: fault.InvalidRequest,
			`{"strategy_name": "b", "provider_type": "azure", "strategy_config": {}, "dry_run": true}`:                    fault.NotSupported,
		} {
			a, err := s.call("registerProviderStrategy", body)
			s.refused(code, a, err)
		}
		for body, code := range map[string]fault.Code{
			`{"template_id": "t", "attributes": {"ncpus": 0}, "dry_run": true}`: fault.InvalidRequest,
			`{"template_id": "t", "version": 3, "dry_run": true}`:               fault.Conflict,
			`{"template_id": "u", "version": 1, "dry_run": true}`:               fault.Conflict,
		} {
			a, err := s.call("registerTemplate", body)
			s.refused(code, a, err)
		}
		s.equal([]string{}, s.store.written())
	})
}

const withSecrets = `{"template_id": "u", "user_data": "password=hunter2", "overrides": {"types": {"static": {"user_data": "token=hunter2", "tags": {"a": "b"}}},
	"providers": {"a": {"user_data": "key=hunter2"}}}}`

func TestUserDataIsNeverShownAndCanBeKept(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.ok(s.call("registerTemplate", withSecrets))
		listed := s.ok(s.call("listTemplates", `{"template_id": "u"}`)).Body
		if strings.Contains(string(listed), "hunter2") {
			s.Errorf("shown: %s", listed)
		}
		v := decode[query.TemplateList](s, listed).Templates[0]
		s.equal([]any{true, `{"tags":{"a":"b"}}`, `{}`}, []any{v.HasUserData, string(v.Overrides.Types["static"]), string(v.Overrides.Providers["a"])})

		// Written back as it was listed, with another image.
		back := `{"template_id": "u", "keep_user_data": true, "version": 1, "image": "new", "overrides": {"types": {"static": {"tags": {"a": "b"}}}, "providers": {"a": {}}}%s}`
		got := decode[command.TemplateStored](s, s.ok(s.call("registerTemplate", strings.Replace(back, "%s", `, "dry_run": true`, 1))).Body)
		s.equal([]broker.Change{{Field: "image", To: "new"}}, got.Changes)
		s.ok(s.call("registerTemplate", strings.Replace(back, "%s", "", 1)))
		stored, err := s.stored.Template(s.Context(), "u")
		if err != nil {
			s.Fatal(err)
		}
		var layer map[string]any
		if err := json.Unmarshal(stored.Overrides.Types["static"], &layer); err != nil {
			s.Fatal(err)
		}
		s.equal([]any{"password=hunter2", "token=hunter2"}, []any{stored.UserData, layer["user_data"]})

		// What is not kept, and what is new, shows in a dry run without its value.
		a := s.ok(s.call("registerTemplate", `{"template_id": "u", "user_data": "password=other", "image": "new", "dry_run": true}`)).Body
		if strings.Contains(string(a), "hunter2") || strings.Contains(string(a), "password") {
			s.Errorf("shown: %s", a)
		}
		changes := decode[command.TemplateStored](s, a).Changes
		s.equal(broker.Change{Field: "user_data", Hidden: true}, changes[len(changes)-1])
	})
}

func TestUserDataThatIsNotThereCannotBeKept(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		for _, id := range []string{"t", "u"} {
			a, err := s.call("registerTemplate", `{"template_id": "`+id+`", "keep_user_data": true, "version": 1}`)
			e := s.refused(fault.InvalidRequest, a, err)
			s.equal("keep_user_data", e.Fields[0].Field)
		}
		s.ok(s.call("registerTemplate", withSecrets))
		a, err := s.call("registerTemplate", `{"template_id": "u", "keep_user_data": true, "version": 7}`)
		s.equal(int64(1), s.refused(fault.Conflict, a, err).Extra["current_version"])
	})
}

func TestARegistrationIsShownAsItIsGiven(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.ok(s.call("registerProviderStrategy", `{"strategy_name": "b", "provider_type": "static", "weight": 0, "health_check_interval": 90, "price_per_hour": 0.5, "tags": {"k": "v"},
			"strategy_config": {"hosts": [{"name": "h", "address": "192.0.2.1"}], "check": {"kind": "none"}}}`))
		list := decode[query.ProviderList](s, s.ok(s.call("listAvailableProviders", `{"include_registration": true}`)).Body)
		price := 0.5
		s.equal(&broker.RegistrationView{
			StrategyName: "b", ProviderType: "static", Enabled: true, HealthCheckInterval: 90, PricePerHour: &price, Tags: map[string]string{"k": "v"},
			StrategyConfig: json.RawMessage(`{"hosts":[{"name":"h","address":"192.0.2.1"}],"check":{"kind":"none","timeout_ms":1000},"lease_seconds":3600}`),
		}, list.Providers[1].Registration)

		// As it is shown it can be registered again, and is the same.
		for _, p := range list.Providers {
			body, err := json.Marshal(p.Registration)
			if err != nil {
				s.Fatal(err)
			}
			got := decode[command.Registered](s, s.ok(s.call("registerProviderStrategy", strings.Replace(string(body), "{", `{"dry_run":true,`, 1))).Body)
			s.equal("unchanged", got.Status)
		}
		plain := s.ok(s.call("listAvailableProviders", `{}`)).Body
		if strings.Contains(string(plain), "192.0.2.1") {
			s.Errorf("shown unasked: %s", plain)
		}
	})
}

func TestADryRunOfTheConfigurationTellsEachFieldAndStoresNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		dry := func(body string) command.Configured {
			return decode[command.Configured](s, s.ok(s.call("configureProviderStrategy", body)).Body)
		}
		got := dry(`{"dry_run": true, "default_selection_policy": "RANDOM", "circuit_breaker_config": {"failure_threshold": 7}}`)
		s.equal([]any{"updated", int64(0), true, broker.Random}, []any{got.Status, got.Version, got.DryRun, got.Configuration.DefaultPolicy})
		s.equal([]broker.Change{
			{Field: "circuit_breaker_config.failure_threshold", From: 5.0, To: 7.0},
			{Field: "default_selection_policy", From: "FIRST_AVAILABLE", To: "RANDOM"},
		}, got.Changes)
		s.equal("unchanged", dry(`{"dry_run": true, "reset": ["mode"], "health_check_interval": 300}`).Status)
		s.equal([]string{}, s.store.written())
		a, err := s.call("configureProviderStrategy", `{"dry_run": true, "version": 3, "mode": "frozen"}`)
		s.refused(fault.Conflict, a, err)
	})
}
