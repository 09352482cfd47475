package plugin

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// view is a row: a query whose request and answer are attributes.
type view struct {
	name      string // of the data source, after ohfp_
	summary   string
	spec      op.Spec
	asked     *wire.Schema
	answered  *wire.Schema
	alsoAsked body // beside what the user asks
}

func views() []*view {
	line := shape.Pick(schemaOf[query.ProviderLine](), "health", "metrics", "registration")
	all := wire.Schema{Type: wire.Array, Items: line}
	return []*view{
		{
			name: "providers", summary: "The registered providers, the preferred ones first.", spec: query.ListAvailableProviders.Spec,
			asked:     only(schemaOf[query.ListProvidersInput](), "filter_healthy_only", "provider_type"),
			answered:  shape.With(&wire.Schema{Type: wire.Object}, &wire.Field{Name: "providers", Doc: "One by one.", Schema: &all}),
			alsoAsked: body{"include_health": false},
		},
		{
			name: "provider_health", summary: "What the checks say of a provider.", spec: query.GetProviderHealth.Spec,
			asked:    required(only(schemaOf[query.GetProviderHealthInput](), "provider_name")),
			answered: shape.Pick(schemaOf[query.HealthView](), "provider_name", "history", "error_details", "blocked_offerings"),
		},
	}
}

// only is an object of the named fields of s.
func only(s *wire.Schema, names ...string) *wire.Schema {
	return shape.Pick(s, slices.DeleteFunc(s.Names(), func(n string) bool { return slices.Contains(names, n) })...)
}

// required is s with all its fields required.
func required(s *wire.Schema) *wire.Schema {
	out := &wire.Schema{Type: wire.Object}
	for _, f := range s.Fields {
		must := *f
		must.Required = true
		out.Fields = append(out.Fields, &must)
	}
	return out
}

// source is the data source of a view.
type source struct {
	*view
	client *api.Client
}

var _ datasource.DataSourceWithConfigure = (*source)(nil)

// Metadata implements [datasource.DataSource].
func (s *source) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + s.name
}

// Schema implements [datasource.DataSource].
func (s *source) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := shape.Answered(s.answered)
	maps.Copy(attributes, shape.Asked(s.asked))
	resp.Schema = schema.Schema{MarkdownDescription: s.summary, Attributes: attributes}
}

// Configure implements [datasource.DataSourceWithConfigure].
func (s *source) Configure(_ context.Context, req datasource.ConfigureRequest, _ *datasource.ConfigureResponse) {
	if c, ok := req.ProviderData.(*api.Client); ok {
		s.client = c
	}
}

// Read implements [datasource.DataSource].
func (s *source) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if s.client == nil {
		resp.Diagnostics.AddError("The broker is not known", "The endpoint of the provider ohfp was not known when it was configured.")
		return
	}
	v, err := s.ask(ctx, req.Config.Raw)
	if err != nil {
		resp.Diagnostics.AddError("Reading ohfp_"+s.name, err.Error())
		return
	}
	resp.State.Raw = v
}

func (s *source) ask(ctx context.Context, config tftypes.Value) (tftypes.Value, error) {
	said, err := shape.Encode(s.asked, config)
	if err != nil {
		return config, err //nolint:wrapcheck // it says what was done
	}
	request, ok := said.(body)
	if !ok {
		return config, fmt.Errorf("reading the request: got %T", said)
	}
	maps.Copy(request, s.alsoAsked)
	var answer any
	if err := s.client.Call(ctx, s.spec, request, &answer); err != nil {
		return config, err
	}
	plain, err := shape.Plain(answer)
	if err != nil {
		return config, err //nolint:wrapcheck // it says what was done
	}
	return shape.Decode(s.answered, config.Type(), plain, s.unanswered(config)) //nolint:wrapcheck // it says what was done
}

// unanswered is a configuration with its answer unknown.
func (s *source) unanswered(config tftypes.Value) tftypes.Value {
	var members map[string]tftypes.Value
	if config.As(&members) != nil {
		return config
	}
	for _, f := range s.answered.Fields {
		members[f.Name] = tftypes.NewValue(members[f.Name].Type(), tftypes.UnknownValue)
	}
	return tftypes.NewValue(config.Type(), members)
}
