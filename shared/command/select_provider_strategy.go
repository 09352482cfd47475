package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// SelectProviderStrategy answers which provider an operation would go to now,
// and why.
var SelectProviderStrategy = op.Define(op.Spec{
	Name: "selectProviderStrategy", Kind: op.Command, Role: op.Scheduler,
	Summary: "Say which provider an operation would go to now, and why",
	Detail:  "Nothing is carried out. Policies that take turns move on by one.",
	Examples: []op.Example{
		{Title: "For a create", Body: `{"operation_type": "CREATE_INSTANCES"}`},
		{
			Title: "With criteria",
			Body:  `{"operation_type": "CREATE_INSTANCES", "selection_criteria": {"require_healthy": true, "prefer_strategies": ["pool-b"]}}`,
		},
		{Title: "By the price of a unit", Body: `{"operation_type": "CREATE_INSTANCES", "selection_policy": "COST_OPTIMIZED", "template_id": "web-server", "units": 64}`},
		{Title: "Taking turns", Body: `{"operation_type": "CREATE_INSTANCES", "selection_policy": "ROUND_ROBIN"}`},
	},
	Faults: []fault.Code{fault.NotFound, fault.NoProviderAvailable},
}, Service.selectProviderStrategy)

// SelectInput is what is asked.
type SelectInput struct {
	OperationType     broker.OperationType `json:"operation_type" doc:"What is to be done." required:"true"`
	SelectionCriteria *broker.Criteria     `json:"selection_criteria,omitempty" doc:"Who may do it, and who is preferred."`
	SelectionPolicy   string               `json:"selection_policy,omitempty" doc:"How equals are told apart: FIRST_AVAILABLE, ROUND_ROBIN, WEIGHTED_ROUND_ROBIN, LEAST_CONNECTIONS, FASTEST_RESPONSE, HIGHEST_SUCCESS_RATE, CAPABILITY_BASED, HEALTH_BASED, RANDOM, COST_OPTIMIZED, GEOGRAPHIC, ADAPTIVE, STICKY."`
	TemplateID        string               `json:"template_id,omitempty" doc:"Template that the machine would be made from." format:"name"`
	Units             int                  `json:"units,omitempty" doc:"How many units of the template's machine_weights a create would ask for, in the place of machines: prices are compared by unit." min:"1" max:"999000"`
	Context           map[string]string    `json:"context,omitempty" doc:"Your own notes, stored with the operation. STICKY reads affinity_key; GEOGRAPHIC reads zone, region, geography, latitude and longitude." maxlen:"50"`
}

// Selected is the answer.
type Selected struct {
	SelectedStrategy string           `json:"selected_strategy" doc:"The provider."`
	SelectionReason  string           `json:"selection_reason" doc:"Why this one."`
	ConfidenceScore  float64          `json:"confidence_score" doc:"0 to 1: its share of the choice under the policy, times how fresh the data is."`
	Alternatives     []string         `json:"alternatives" doc:"Who is tried next, in order."`
	Candidates       []broker.Verdict `json:"candidates" doc:"Each provider: its rank, or the rule that refused it."`
	Policy           broker.Policy    `json:"policy" doc:"The policy that was applied."`
	SnapshotVersion  string           `json:"snapshot_version" doc:"Identifies what the decision read."`
	Ticket           *int64           `json:"ticket,omitempty" doc:"The turn, for a policy that takes turns."`
	Warnings         []string         `json:"warnings" doc:"Names that are not registered."`
}

// selectProviderStrategy returns not_found for an unknown template and
// no_provider_available with every verdict.
func (s Service) selectProviderStrategy(ctx context.Context, in SelectInput) (Selected, error) {
	if in.Units > 0 && in.TemplateID == "" {
		return Selected{}, fault.Invalid("units", "what a unit is stands in a template: give template_id")
	}
	w := wish{
		operation: in.OperationType, criteria: in.SelectionCriteria, policy: in.SelectionPolicy,
		context: in.Context, id: s.NewID(), units: in.Units,
	}
	if in.TemplateID != "" {
		t, err := s.Templates.Template(ctx, in.TemplateID)
		if err != nil {
			return Selected{}, fmt.Errorf("reading template %q: %w", in.TemplateID, fault.Lookup(err, "template_id", whichTemplates))
		}
		w.template = &t
	}
	c, err := s.choose(ctx, w)
	if err != nil {
		return Selected{}, err
	}
	return c.selected(), nil
}

func (c *choice) selected() Selected {
	ranked := c.result.Ranked()
	return Selected{
		SelectedStrategy: ranked[0], SelectionReason: c.result.Reason(), ConfidenceScore: c.result.Confidence(),
		Alternatives: append([]string{}, ranked[1:]...), Candidates: c.result.Verdicts(), Policy: c.result.Policy(),
		SnapshotVersion: c.result.Version(), Warnings: append([]string{}, c.warnings...), Ticket: c.ticket,
	}
}
