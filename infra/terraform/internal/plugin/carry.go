package plugin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Create implements [resource.Resource].
func (o *object) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	if o.away(&resp.Diagnostics) {
		return
	}
	seen := int64(0)
	if o.key == "" {
		s, err := o.read(ctx, o.client, "")
		if err != nil {
			o.tell(&resp.Diagnostics, "Reading "+o.called(""), nil, err)
			return
		}
		if fresh, err := untouched(s.body); err != nil || !fresh {
			o.exists(&resp.Diagnostics, "", fmt.Sprintf("version %d", s.version))
			return
		}
		seen = s.version
	}
	resp.State.Raw = o.store(ctx, &resp.Diagnostics, req.Plan.Raw, resp.State.Raw, seen)
}

// Update implements [resource.Resource].
func (o *object) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	if !o.away(&resp.Diagnostics) {
		resp.State.Raw = o.store(ctx, &resp.Diagnostics, req.Plan.Raw, req.State.Raw, versionIn(req.State.Raw))
	}
}

// away says so when there is no client.
func (o *object) away(to *diag.Diagnostics) bool {
	if o.client == nil {
		to.AddError("The broker is not known", "The endpoint of the provider ohfp was not known when it was configured.")
	}
	return o.client == nil
}

// store stores what is planned over the version that was seen and returns the
// new state, or the one before when that fails.
func (o *object) store(ctx context.Context, to *diag.Diagnostics, plan, before tftypes.Value, seen int64) tftypes.Value {
	b, err := o.said(plan)
	if err != nil {
		to.AddError("The plan cannot be read", err.Error())
		return before
	}
	name, request := o.nameIn(plan), o.request(b)
	var answer json.RawMessage
	sent := request
	if seen > 0 || o.key == "" {
		sent = with(request, versionKey, seen)
	}
	if err := o.client.Call(ctx, o.put, sent, &answer); err != nil {
		if !o.conflict(to, name, seen, err) {
			o.tell(to, "The broker refuses "+o.called(name), request, err)
		}
		return before
	}
	after, err := o.after(to, request, answer, plan)
	if err != nil {
		to.AddError("The answer of the broker cannot be read", err.Error())
		return before
	}
	return after
}

// after is the state once a request was carried out.
func (o *object) after(to *diag.Diagnostics, request body, answer json.RawMessage, plan tftypes.Value) (tftypes.Value, error) {
	var said struct {
		Version  int64    `json:"version"`
		Warnings []string `json:"warnings"`
	}
	if err := json.Unmarshal(answer, &said); err != nil {
		return plan, fmt.Errorf("reading the version: %w", err)
	}
	for _, w := range said.Warnings {
		to.AddWarning("About "+o.called(o.nameIn(plan)), w)
	}
	kept, err := o.kept(request, answer)
	if err != nil {
		return plan, err
	}
	return o.value(kept, said.Version, plan)
}

// Read implements [resource.Resource].
func (o *object) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	if o.away(&resp.Diagnostics) {
		return
	}
	name := o.nameIn(req.State.Raw)
	s, err := o.sure(ctx, o.client, name)
	if err != nil {
		o.tell(&resp.Diagnostics, "Reading "+o.called(name), nil, err)
		return
	}
	if s == nil {
		resp.State.RemoveResource(ctx)
		return
	}
	if s.leaving {
		resp.Diagnostics.AddWarning(o.called(name)+" is being taken out", "It gets no new work and is removed with its last machine. Registering it again ends that.")
	}
	b := s.body
	if s.hidden {
		had, err := o.said(req.State.Raw)
		if err == nil {
			b, err = keeping(s, had, versionIn(req.State.Raw))
		}
		if err != nil {
			resp.Diagnostics.AddError("Reading "+o.called(name), err.Error())
			return
		}
	}
	v, err := o.value(b, s.version, req.State.Raw)
	if err != nil {
		resp.Diagnostics.AddError("Reading "+o.called(name), err.Error())
		return
	}
	resp.State.Raw = v
}

// Delete implements [resource.Resource]. What is gone already is gone.
func (o *object) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	if o.away(&resp.Diagnostics) {
		return
	}
	name := o.nameIn(req.State.Raw)
	err := o.drop(ctx, o.client, name, own(req.State.Raw))
	if err != nil && !fault.Is(err, fault.NotFound) {
		o.tell(&resp.Diagnostics, "The broker does not remove "+o.called(name), nil, err)
	}
}
