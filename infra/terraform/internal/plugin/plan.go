package plugin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// ValidateConfig implements [resource.ResourceWithValidateConfig]: the broker's
// own checks, without a broker. What is not known yet is checked by the plan.
func (o *object) ValidateConfig(_ context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		return
	}
	b, err := o.said(req.Config.Raw)
	if err != nil {
		resp.Diagnostics.AddError("The configuration cannot be read", err.Error())
		return
	}
	request := o.request(b)
	if err := o.check(request); err != nil {
		o.tell(&resp.Diagnostics, "This "+o.noun+" would be refused", request, err)
	}
}

// previewed is what is read of the answer to a dry run.
type previewed struct {
	Status  string            `json:"status"`
	Version int64             `json:"version"`
	Changes []json.RawMessage `json:"changes"`
}

// ModifyPlan implements [resource.ResourceWithModifyPlan]: the broker is asked
// what it would say, so that an apply meets no surprise that a plan could show.
func (o *object) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || !req.Config.Raw.IsFullyKnown() || o.client == nil || req.Plan.Raw.Equal(req.State.Raw) {
		return
	}
	b, err := o.said(req.Config.Raw)
	if err != nil {
		resp.Diagnostics.AddError("The configuration cannot be read", err.Error())
		return
	}
	o.preview(ctx, &resp.Diagnostics, o.request(b), req.State.Raw.IsNull())
}

// preview asks for a dry run. A broker that is frozen says nothing: the same
// apply may end that.
func (o *object) preview(ctx context.Context, to *diag.Diagnostics, request body, fresh bool) {
	var answer previewed
	name, _ := request[o.key].(string) // "" is that of what has none
	err := o.client.Call(ctx, o.put, with(request, "dry_run", true), &answer)
	switch {
	case fault.Is(err, fault.Frozen):
	case err != nil:
		o.tell(to, "The broker would refuse "+o.called(name), request, err)
	case fresh && o.key != "" && len(answer.Changes) > 0 && answer.Status != "registered":
		o.exists(to, name, fmt.Sprintf("version %d", answer.Version))
	}
}
