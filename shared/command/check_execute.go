package command

import (
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// check refuses what the schema cannot: fields that do not go together.
func check(in ExecuteInput, async bool) error {
	if err := built(in.OperationType); err != nil {
		return err
	}
	if !async && in.TimeoutSeconds > int(syncLongest/time.Second) {
		return fault.Invalid("timeout_seconds", "at most 25 without async, got %d; send Prefer: respond-async (--async) for longer operations", in.TimeoutSeconds)
	}
	if err := checkFields(in.OperationType, &in.Parameters); err != nil {
		return err
	}
	if err := checkRouting(in); err != nil {
		return err
	}
	if in.OperationType == broker.CreateInstances {
		return checkCreate(&in.Parameters)
	}
	return checkMachines(in.OperationType, &in.Parameters)
}

// checkFields refuses parameters that belong to another type.
func checkFields(t broker.OperationType, p *Parameters) error {
	const create, end, status = broker.CreateInstances, broker.TerminateInstances, broker.GetInstanceStatus
	for _, f := range []struct {
		name  string
		given bool
		types []broker.OperationType
	}{
		{"template_id", p.TemplateID != "", []broker.OperationType{create}},
		{"template", p.Template != nil, []broker.OperationType{create}},
		{"count", p.Count != nil, []broker.OperationType{create}},
		{"tags", p.Tags != nil, []broker.OperationType{create}},
		{"user_data", p.UserData != "", []broker.OperationType{create}},
		{"machine_ids", p.MachineIDs != nil, []broker.OperationType{end, status}},
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
	switch {
	case p.Count == nil:
		return fault.Invalid("parameters.count", "is missing: how many machines, 1 to 1000")
	case p.TemplateID != "" && p.Template != nil:
		return fault.Invalid("parameters.template", "template_id and template are both given; send one of the two")
	case p.TemplateID == "" && p.Template == nil:
		return fault.Invalid("parameters.template_id", "is missing: the template to make machines from; listTemplates shows those that are stored")
	}
	return nil
}

func checkMachines(t broker.OperationType, p *Parameters) error {
	if t == broker.HealthCheck {
		return nil
	}
	given := len(p.MachineIDs) > 0
	switch {
	case given && p.OperationID != "":
		return fault.Invalid("parameters.operation_id", "machine_ids and operation_id are both given; send one of the two")
	case !given && p.OperationID == "":
		return fault.Invalid("parameters.machine_ids", "is missing or empty: the machines that %s is about", t)
	}
	return nil
}
