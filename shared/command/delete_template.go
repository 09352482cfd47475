package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// DeleteTemplate removes a template. Machines made from it stay.
var DeleteTemplate = op.Define(op.Spec{
	Name: "deleteTemplate", Kind: op.Command, Role: op.Operator, Changes: true,
	Summary:  "Remove a template; machines made from it stay",
	Examples: []op.Example{{Title: "Remove one template", Body: `{"template_id": "web-server"}`}},
	Faults:   []fault.Code{fault.NotFound, fault.Frozen},
}, Service.deleteTemplate)

// DeleteTemplateInput names the template.
type DeleteTemplateInput struct {
	TemplateID string `json:"template_id" doc:"Name of the template." required:"true" format:"name"`
}

// TemplateDeleted is the answer.
type TemplateDeleted struct {
	TemplateID string `json:"template_id" doc:"Name of the template."`
	Status     string `json:"status" doc:"deleted."`
}

// deleteTemplate returns not_found when there is no such template.
func (s Service) deleteTemplate(ctx context.Context, in DeleteTemplateInput) (TemplateDeleted, error) {
	if err := s.Templates.DeleteTemplate(ctx, in.TemplateID, actor(ctx)); err != nil {
		return TemplateDeleted{}, fmt.Errorf("deleting template %q: %w", in.TemplateID, fault.Lookup(err, "template_id", whichTemplates))
	}
	return TemplateDeleted{TemplateID: in.TemplateID, Status: "deleted"}, nil
}
