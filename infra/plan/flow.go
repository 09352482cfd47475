package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/statemachines"
)

// The state machines, by their part of the name.
const (
	executeStandard = "execute"
	executeExpress  = "execute-express"
	healthCheck     = "health-check"
	reconcile       = "reconcile"

	Teller = "tell" // what the outbox starts
)

const statesService = "states.amazonaws.com"

// Machine is a state machine. None logs what its executions were given.
type Machine struct {
	Part       string // of its name
	Name, ARN  string
	Type       string // STANDARD or EXPRESS
	Definition string
	Source     string // the definition that it is of; "": one of its own
	Timeout    time.Duration
	Role       Role
	LogGroup   string
}

// machines are the workflows. The longest operation and what settling it takes
// bound the Standard one; a caller waits for the Express ones, or a tick does
// not last longer than they may.
func machines(c Config, n namer) ([]Machine, error) {
	all := []Machine{
		{Part: executeStandard, Type: "STANDARD", Source: statemachines.ExecuteWithFailover, Timeout: standardTimeout},
		{Part: executeExpress, Type: "EXPRESS", Source: statemachines.ExecuteWithFailover, Timeout: expressTimeout},
		{Part: healthCheck, Type: "EXPRESS", Source: statemachines.HealthCheck, Timeout: tickTimeout},
		{Part: reconcile, Type: "EXPRESS", Source: statemachines.Reconcile, Timeout: tickTimeout},
	}
	for i := range all {
		m := &all[i]
		text, err := statemachines.Definition(m.Source)
		if err != nil {
			return nil, err //nolint:wrapcheck // it names the definition
		}
		if m.Definition, err = within(m.Timeout, string(text)); err != nil {
			return nil, fmt.Errorf("definition %s: %w", m.Source, err)
		}
	}
	all = append(all, Machine{Part: Teller, Type: "EXPRESS", Definition: telling(n.whole()), Timeout: tellTimeout})
	for i := range all {
		finish(&all[i], c, n)
	}
	return all, nil
}

func finish(m *Machine, c Config, n namer) {
	m.Name, m.ARN = n.name(m.Part), n.machine(m.Part)
	m.LogGroup = machineLogs(m.Name)
	m.Role = Role{Name: n.role("flow-" + m.Part), Principal: statesService, Statements: append(machineStatements(m.Part, c, n), tracingStatements(c)...)}
}

// within adds the time-out of the whole to a definition, as its only change:
// CDK ignores its own property beside a definition that is given as text.
func within(timeout time.Duration, definition string) (string, error) {
	head, rest, found := strings.Cut(definition, "{")
	if !found || strings.TrimSpace(head) != "" {
		return "", fmt.Errorf("it does not begin with {")
	}
	return fmt.Sprintf("{\n  \"TimeoutSeconds\": %d,%s", int(timeout/time.Second), rest), nil
}

// machineStatements allow a workflow the functions that its definition calls
// and no other.
func machineStatements(part string, c Config, n namer) []Statement {
	all := []Statement{{Sid: "Log", Actions: []string{
		"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
		"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
	}, Resources: []string{"*"}, Star: "The delivery of logs has no resources."}}
	if part == Teller {
		return append(all, Statement{Sid: "Tell", Actions: []string{"events:PutEvents"}, Resources: []string{n.bus()}})
	}
	s := Statement{Sid: "Call", Actions: []string{"lambda:InvokeFunction"}}
	for _, folder := range calls(part, c.Providers) {
		s.Resources = append(s.Resources, n.function(folder))
	}
	return append(all, s)
}

// calls are the functions that a workflow's steps are.
func calls(part string, kinds []string) []string {
	perKind := func(step string) []string {
		out := make([]string, len(kinds))
		for i, kind := range kinds {
			out[i] = step + "-" + kind
		}
		return out
	}
	switch part {
	case healthCheck:
		return slices.Concat([]string{due}, perKind(probing), perKind(sweeping))
	case reconcile:
		return []string{reconciling}
	default:
		return append(perKind(attempting), settling)
	}
}
