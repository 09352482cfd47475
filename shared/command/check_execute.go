package command

import (
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// check refuses what the schema cannot: fields that do not go together.
func check(in ExecuteInput, async bool) error {
	if !async && in.TimeoutSeconds > int(syncLongest/time.Second) {
		return fault.Invalid("timeout_seconds", "at most 25 without async, got %d; send Prefer: respond-async (--async) for longer operations", in.TimeoutSeconds)
	}
	if err := checkFields(in.OperationType, &in.Parameters); err != nil {
		return err
	}
	if err := checkRouting(in); err != nil {
		return err
	}
	return checkParameters(in.OperationType, &in.Parameters)
}

func checkParameters(t broker.OperationType, p *Parameters) error {
	switch t {
	case broker.CreateInstances:
		return checkCreate(p)
	case broker.ValidateTemplate:
		return checkTemplateGiven(p, "the template to validate")
	case broker.GetAvailableTemplates:
		return checkFilter(p.Filter)
	case broker.TerminateInstances, broker.GetInstanceStatus:
		return checkMachines(t, p)
	case broker.HealthCheck:
	}
	return nil
}

func checkFilter(f *broker.TemplateFilter) error {
	if f == nil {
		return nil
	}
	return config.CheckFilter(*f, "parameters.filter")
}

// checkFields refuses parameters that belong to another type.
func checkFields(t broker.OperationType, p *Parameters) error {
	const create, end, status = broker.CreateInstances, broker.TerminateInstances, broker.GetInstanceStatus
	const validate, templates = broker.ValidateTemplate, broker.GetAvailableTemplates
	for _, f := range []struct {
		name  string
		given bool
		types []broker.OperationType
	}{
		{"template_id", p.TemplateID != "", []broker.OperationType{create, validate}},
		{"template", p.Template != nil, []broker.OperationType{create, validate}},
		{"count", p.Count != nil, []broker.OperationType{create}},
		{"units", p.Units != nil, []broker.OperationType{create}},
		{"min_count", p.MinCount != nil, []broker.OperationType{create}},
		{"all_or_nothing", p.AllOrNothing != nil, []broker.OperationType{create}},
		{"tags", p.Tags != nil, []broker.OperationType{create}},
		{"user_data", p.UserData != "", []broker.OperationType{create}},
		{"machine_ids", p.MachineIDs != nil, []broker.OperationType{end, status}},
		{"filter", p.Filter != nil, []broker.OperationType{templates}},
		{"operation_id", p.OperationID != "", []broker.OperationType{status}},
	} {
		if f.given && !slices.Contains(f.types, t) {
			return fault.Invalid("parameters."+f.name, "does not go with %s", t)
		}
	}
	return nil
}

// checkRouting refuses ways of choosing that contradict each other.
func checkRouting(in ExecuteInput) error {
	routed := in.OperationType == broker.TerminateInstances || in.OperationType == broker.GetInstanceStatus
	switch {
	case routed && in.StrategyOverride != "":
		return fault.Invalid("strategy_override", "%s goes to the owners of the machines; leave it out", in.OperationType)
	case routed && in.SelectionCriteria != nil:
		return fault.Invalid("selection_criteria", "%s goes to the owners of the machines; leave them out", in.OperationType)
	case in.StrategyOverride != "" && in.SelectionPolicy != "":
		return fault.Invalid("selection_policy", "strategy_override leaves nothing to choose; send one of the two")
	case in.StrategyOverride != "" && excludes(in.SelectionCriteria, in.StrategyOverride):
		return fault.Invalid("strategy_override", "%q is excluded by selection_criteria.exclude_strategies", in.StrategyOverride)
	}
	return nil
}

func excludes(c *broker.Criteria, provider string) bool {
	return c != nil && slices.Contains(c.ExcludeStrategies, provider)
}

func checkCreate(p *Parameters) error {
	wanted, name := p.Count, "count"
	if p.Units != nil {
		wanted, name = p.Units, "units"
	}
	switch {
	case wanted == nil:
		return fault.Invalid("parameters.count", "is missing: how many machines, 1 to 1000, or units")
	case p.Count != nil && p.Units != nil:
		return fault.Invalid("parameters.units", "count and units are both given; send one of the two")
	case p.MinCount != nil && *p.MinCount > *wanted:
		return fault.Invalid("parameters.min_count", "at most %s, which is %d; got %d", name, *wanted, *p.MinCount)
	}
	return checkTemplateGiven(p, "the template to make machines from")
}

// checkTemplateGiven wants one template; what says what it is for.
func checkTemplateGiven(p *Parameters, what string) error {
	switch {
	case p.TemplateID != "" && p.Template != nil:
		return fault.Invalid("parameters.template", "template_id and template are both given; send one of the two")
	case p.TemplateID == "" && p.Template == nil:
		return fault.Invalid("parameters.template_id", "is missing: %s; listTemplates shows those that are stored", what)
	}
	return nil
}

func checkMachines(t broker.OperationType, p *Parameters) error {
	given := len(p.MachineIDs) > 0
	switch {
	case given && p.OperationID != "":
		return fault.Invalid("parameters.operation_id", "machine_ids and operation_id are both given; send one of the two")
	case !given && p.OperationID == "":
		return fault.Invalid("parameters.machine_ids", "is missing or empty: the machines that %s is about", t)
	}
	return nil
}
