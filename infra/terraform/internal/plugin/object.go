package plugin

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
)

// versionKey is the attribute that holds the version that Terraform saw.
const versionKey = "version"

// object is the resource of a thing.
type object struct {
	*thing
	client *api.Client // nil: the provider is not configured yet
}

var (
	_ resource.ResourceWithConfigure      = (*object)(nil)
	_ resource.ResourceWithImportState    = (*object)(nil)
	_ resource.ResourceWithModifyPlan     = (*object)(nil)
	_ resource.ResourceWithValidateConfig = (*object)(nil)
)

// Metadata implements [resource.Resource].
func (o *object) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + o.name
}

// Schema implements [resource.Resource].
func (o *object) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	attributes, err := shape.Attributes(ctx, o.schema, o.care)
	if err != nil {
		resp.Diagnostics.AddError("The types of the operations cannot be read", err.Error())
		return
	}
	attributes[versionKey] = schema.Int64Attribute{Computed: true, MarkdownDescription: "Version that the broker has stored."}
	if o.name == "provider" {
		attributes[drain] = schema.BoolAttribute{
			Optional: true, MarkdownDescription: "Whether a provider in use is drained when it is destroyed, instead of refused: it gets no new work, and is removed with its last machine.",
		}
	}
	resp.Schema = schema.Schema{MarkdownDescription: o.summary, Attributes: attributes}
}

// Configure implements [resource.ResourceWithConfigure].
func (o *object) Configure(_ context.Context, req resource.ConfigureRequest, _ *resource.ConfigureResponse) {
	if c, ok := req.ProviderData.(*api.Client); ok {
		o.client = c
	}
}

// said is what a value of the resource says, in the broker's words.
func (o *object) said(v tftypes.Value) (body, error) {
	plain, err := shape.Encode(o.schema, v)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what was done
	}
	b, ok := plain.(body)
	if !ok {
		return nil, fmt.Errorf("reading the resource: got %T", plain)
	}
	return b, nil
}

// own are the attributes of a value that are of simple types, with the names of
// the thing and the version among them.
func own(v tftypes.Value) map[string]any {
	var members map[string]tftypes.Value
	out := map[string]any{}
	if v.As(&members) != nil {
		return out
	}
	for name, m := range members {
		var text string
		var yes bool
		switch {
		case m.IsNull() || !m.IsKnown():
		case m.As(&text) == nil:
			out[name] = text
		case m.As(&yes) == nil:
			out[name] = yes
		}
	}
	return out
}

func (o *object) nameIn(v tftypes.Value) string {
	name, _ := own(v)[o.key].(string) // "" is that of what has none
	return name
}

// versionIn is the version in a state; 0 when there is none.
func versionIn(v tftypes.Value) int64 {
	var members map[string]tftypes.Value
	var n *big.Float
	if v.As(&members) != nil || !members[versionKey].IsKnown() || members[versionKey].As(&n) != nil || n == nil {
		return 0
	}
	version, _ := n.Int64()
	return version
}

// value is what the broker says as a value of the resource, in the words of
// prior where they say the same.
func (o *object) value(b body, version int64, prior tftypes.Value) (tftypes.Value, error) {
	shown, err := o.shown(b)
	if err != nil {
		return prior, err
	}
	v, err := shape.Decode(o.schema, prior.Type(), shown, prior)
	if err != nil {
		return prior, err //nolint:wrapcheck // it says what was done
	}
	var members map[string]tftypes.Value
	if err := v.As(&members); err != nil {
		return prior, fmt.Errorf("reading a value: %w", err)
	}
	members[versionKey] = tftypes.NewValue(tftypes.Number, version)
	return tftypes.NewValue(prior.Type(), members), nil
}

// ImportState implements [resource.ResourceWithImportState]: the id is the name.
func (o *object) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if o.key == "" {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(versionKey), int64(0))...)
		return
	}
	resource.ImportStatePassthroughID(ctx, path.Root(o.key), req, resp)
}
