package query

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListTemplates lists templates by id.
var ListTemplates = op.Define(op.Spec{
	Name: "listTemplates", Kind: op.Query,
	Summary:  "List templates by id",
	Detail:   "User data is not shown: it may hold what is nobody else's business.",
	Examples: []op.Example{{Title: "All templates"}, {Title: "One template", Body: `{"template_id": "web-server"}`}},
}, Service.listTemplates)

// ListTemplatesInput narrows the list.
type ListTemplatesInput struct {
	TemplateID string `json:"template_id,omitempty" doc:"Only this one." format:"name"`
	Paging
}

// TemplateList is one page.
type TemplateList struct {
	Templates  []TemplateView `json:"templates" doc:"By id."`
	NextCursor string         `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end."`
}

// TemplateView is a template without its user data.
type TemplateView struct {
	ID           string            `json:"template_id"`
	MaxNumber    *int              `json:"max_number,omitempty"`
	Attributes   map[string]any    `json:"attributes,omitempty"`
	MachineTypes []string          `json:"machine_types,omitempty"`
	Image        string            `json:"image,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	PriceType    string            `json:"price_type,omitempty"`
	Policy       broker.Policy     `json:"selection_policy,omitempty"`
	Criteria     *broker.Criteria  `json:"selection_criteria,omitempty"`
	Fallbacks    []string          `json:"fallback_strategies,omitempty"`
	Overrides    broker.Overrides  `json:"overrides,omitzero"`

	PartialStatus   string         `json:"partial_status,omitempty"`
	RequestTimeout  int            `json:"request_timeout,omitempty"`
	SchedulerFields map[string]any `json:"scheduler_fields,omitempty"`
	MachineWeights  map[string]int `json:"machine_weights,omitempty"`

	HasUserData bool        `json:"has_user_data"` // the template itself, or what it says for some provider
	Version     int64       `json:"version"`
	UpdatedAt   broker.Time `json:"updated_at"`
}

// listTemplates returns not_found when one template is asked for and missing.
func (s Service) listTemplates(ctx context.Context, in ListTemplatesInput) (TemplateList, error) {
	if in.TemplateID != "" {
		t, err := s.Templates.Template(ctx, in.TemplateID)
		if err != nil {
			return TemplateList{}, fmt.Errorf("reading template %q: %w", in.TemplateID, fault.Lookup(err, "template_id", "Without it all that are stored are listed."))
		}
		v, err := viewOf(t)
		return TemplateList{Templates: []TemplateView{v}}, err
	}
	ts, next, err := s.Templates.Templates(ctx, in.page())
	if err != nil {
		return TemplateList{}, fmt.Errorf("listing templates: %w", err)
	}
	out := TemplateList{Templates: []TemplateView{}, NextCursor: next}
	for i := range ts {
		v, err := viewOf(ts[i])
		if err != nil {
			return TemplateList{}, err
		}
		out.Templates = append(out.Templates, v)
	}
	return out, nil
}

func viewOf(t broker.Template) (TemplateView, error) {
	t, had, err := t.WithoutUserData()
	if err != nil {
		return TemplateView{}, fmt.Errorf("showing template %q: %w", t.ID, err)
	}
	return TemplateView{
		ID: t.ID, MaxNumber: t.MaxNumber, Attributes: t.Attributes, MachineTypes: t.MachineTypes, Image: t.Image,
		Tags: t.Tags, PriceType: t.PriceType, Policy: t.Policy, Criteria: t.Criteria, Fallbacks: t.Fallbacks,
		PartialStatus: t.PartialStatus, RequestTimeout: t.RequestTimeout, SchedulerFields: t.SchedulerFields,
		MachineWeights: t.MachineWeights, Overrides: t.Overrides, HasUserData: had, Version: t.Version, UpdatedAt: broker.Time{Time: t.UpdatedAt},
	}, nil
}
