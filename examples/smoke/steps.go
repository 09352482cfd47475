package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// steps are the commands of the guide, but for those that make machines.
func (s *smoke) steps() []step { return slices.Concat(s.registering(), s.asking(), s.telling()) }

func (s *smoke) registering() []step {
	return []step{
		{title: "the health of all providers", args: []string{"getProviderHealth"}, want: map[string]string{"total_providers": "*"}},
		{title: "the providers", args: []string{"listAvailableProviders"}, want: map[string]string{"total_count": "*"}},
		{title: "the healthy ones", args: []string{"listAvailableProviders"}, data: `{"filter_healthy_only": true}`, want: map[string]string{"total_count": "*"}},
		{
			title: "a provider is registered", args: []string{"registerProviderStrategy"},
			data: fmt.Sprintf(`{"strategy_name": %q, "provider_type": "aws", "strategy_config": {"region": "us-west-2", "profile": "production"}, `+
				`"capabilities": {"instances": true, "spot_instances": true, "load_balancers": false}, "priority": 1000}`, s.provider),
			want: map[string]string{"status": `"registered"`, "version": "1"},
		},
		{
			title: "its health was looked at", args: []string{"executeProviderOperation"},
			data: fmt.Sprintf(`{"operation_type": "HEALTH_CHECK", "parameters": {}, "strategy_override": %q}`, s.provider),
			want: map[string]string{"status": `"SUCCEEDED"`, "result.is_healthy": "false", "operation_id": "*"},
		},
	}
}

// named is the provider's name as JSON, about begins a question about it.
func (s *smoke) named() string { return fmt.Sprintf("%q", s.provider) }
func (s *smoke) about() string { return fmt.Sprintf(`{"provider_name": %q`, s.provider) }

func (s *smoke) asking() []step {
	return []step{
		{
			title: "its health, with details and history", args: []string{"getProviderHealth"},
			data: s.about() + `, "include_details": true, "include_history": true}`, want: map[string]string{"provider_name": s.named(), "is_healthy": "false"},
		},
		{
			title: "nobody can what nobody has", args: []string{"selectProviderStrategy"}, refused: true,
			data: `{"operation_type": "CREATE_INSTANCES", "selection_criteria": {"required_capabilities": ["smoke_rings"], "max_response_time_ms": 3000}}`,
			want: map[string]string{"code": `"no_provider_available"`},
		},
		{
			title: "its metrics", args: []string{"getProviderMetrics"}, data: s.about() + `, "time_range_hours": 24, "include_operation_breakdown": true}`,
			want: map[string]string{"provider_name": s.named()},
		},
		{
			title: "the metrics of all, with errors", args: []string{"getProviderMetrics"},
			data: `{"time_range_hours": 1, "include_operation_breakdown": true, "include_error_details": true}`, want: map[string]string{"total_providers": "*"},
		},
		{
			title: "its capabilities", args: []string{"getProviderCapabilities"},
			data: s.about() + `, "include_performance_metrics": true, "include_limitations": true}`, want: map[string]string{"provider_name": s.named()},
		},
		{title: "the templates that schedulers see", args: []string{"getAvailableTemplates"}, want: map[string]string{"templates": "*"}},
		{title: "a request that is not there", args: []string{"getRequestStatus", "--request-id", "req-12345"}, want: map[string]string{"requests": "*"}},
	}
}

func (s *smoke) telling() []step {
	return []step{
		{
			title: "a configuration that is only tried", args: []string{"configureProviderStrategy"},
			data: `{"default_selection_policy": "CAPABILITY_BASED", "selection_criteria": {"min_success_rate": 95.0, "require_healthy": true}, ` +
				`"health_check_interval": 300, "circuit_breaker_config": {"failure_threshold": 5, "recovery_timeout": 60}, "dry_run": true}`,
			want: map[string]string{"configuration.default_selection_policy": `"CAPABILITY_BASED"`},
		},
		{
			title: "its calls are held back", args: []string{"updateProviderHealth"},
			data: s.about() + `, "health_status": {"is_healthy": false, "status_message": "Rate limit exceeded", ` +
				`"error_details": {"error_code": "RATE_LIMIT", "retry_after": 300}}, "source": "monitoring_system"}`,
			want: map[string]string{"health_status.circuit_breaker": `"FORCED_OPEN"`},
		},
	}
}

// makeTwo makes two machines of the template, looks at them, and ends them.
func (s *smoke) makeTwo(ctx context.Context) error {
	made, err := s.step(ctx, step{
		title: "two machines are made", args: []string{"executeProviderOperation", "--wait"},
		data: fmt.Sprintf(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": %q, "count": 2}}`, s.template),
		want: map[string]string{"status": `"SUCCEEDED"`, "result.created": "2"},
	})
	if err != nil {
		return err
	}
	if s.machines = idsOf(made); len(s.machines) != 2 {
		return errors.New("two machines are made: their ids are missing")
	}
	if err = s.carryOut(ctx, "they are there", "GET_INSTANCE_STATUS"); err != nil {
		return err
	}
	err = s.carryOut(ctx, "they are ended", "TERMINATE_INSTANCES")
	if err == nil {
		s.machines = nil
	}
	return err
}

// carryOut carries an operation on the machines out.
func (s *smoke) carryOut(ctx context.Context, title, operation string) error {
	ids, err := json.Marshal(s.machines)
	if err != nil {
		return fmt.Errorf("writing ids: %w", err)
	}
	_, err = s.step(ctx, step{
		title: title, args: []string{"executeProviderOperation", "--wait"},
		data: fmt.Sprintf(`{"operation_type": %q, "parameters": {"machine_ids": %s}}`, operation, ids), want: map[string]string{"status": `"SUCCEEDED"`},
	})
	return err
}

// idsOf are the machines of an operation's record.
func idsOf(record any) (ids []string) {
	text, err := json.Marshal(record)
	var v struct {
		Result struct {
			Machines []struct {
				ID string `json:"machine_id"`
			} `json:"machines"`
		} `json:"result"`
	}
	if err != nil || json.Unmarshal(text, &v) != nil {
		return nil
	}
	for _, m := range v.Result.Machines {
		ids = append(ids, m.ID)
	}
	return ids
}

// leave gives back what is left: machines first.
func (s *smoke) leave(ctx context.Context) (err error) {
	if len(s.machines) > 0 {
		err = s.carryOut(ctx, "what was made is ended", "TERMINATE_INSTANCES")
	}
	_, out := s.step(ctx, step{
		title: "the provider is taken out", args: []string{"deregisterProviderStrategy", "--strategy-name", s.provider}, want: map[string]string{"status": "*"},
	})
	return errors.Join(err, out)
}
