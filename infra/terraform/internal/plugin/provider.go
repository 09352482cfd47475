package plugin

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/api"
)

// New returns what makes the provider.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &ohfp{version: version, env: os.Getenv, now: time.Now} }
}

type ohfp struct {
	version string
	env     func(string) string
	now     func() time.Time
}

var _ provider.Provider = (*ohfp)(nil)

// settings is the provider's block.
type settings struct {
	Endpoint   types.String `tfsdk:"endpoint"`
	Auth       types.String `tfsdk:"auth"`
	Token      types.String `tfsdk:"token"`
	TokenFile  types.String `tfsdk:"token_file"`
	AWSRegion  types.String `tfsdk:"aws_region"`
	AWSProfile types.String `tfsdk:"aws_profile"`
}

// Metadata implements [provider.Provider].
func (p *ohfp) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName, resp.Version = "ohfp", p.version
}

// Schema implements [provider.Provider].
func (p *ohfp) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	text := func(doc string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: doc}
	}
	token := text("Token of the broker, else `OHFP_TOKEN`. It is not stored in the state.")
	token.Sensitive = true
	resp.Schema = schema.Schema{
		MarkdownDescription: "Providers, templates and the strategy of an Open Host Factory broker.",
		Attributes: map[string]schema.Attribute{
			"endpoint":    text("Where the broker is, else `OHFP_ENDPOINT`, else `http://127.0.0.1:8080`."),
			"auth":        text("How calls are proved: `bearer`, `sigv4` or `none`. Left out, calls of API Gateway are signed, and others have a token when there is one."),
			"token":       token,
			"token_file":  text("File with the token, else `OHFP_TOKEN_FILE`, else where `ohfpd` puts it."),
			"aws_region":  text("Region to sign for, where the endpoint does not name it, else as AWS's variables say."),
			"aws_profile": text("Profile of AWS to sign with, else as AWS's variables say."),
		},
	}
}

// Configure implements [provider.Provider]. What depends on what is not known
// yet is configured by the apply.
func (p *ohfp) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var s settings
	resp.Diagnostics.Append(req.Config.Get(ctx, &s)...)
	if resp.Diagnostics.HasError() || !req.Config.Raw.IsFullyKnown() {
		return
	}
	endpoint, err := api.Endpoint(firstOf(s.Endpoint.ValueString(), p.env("OHFP_ENDPOINT"), "http://127.0.0.1:8080"))
	if err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("endpoint"), "The endpoint is none", err.Error())
		return
	}
	if prove := p.prover(ctx, &resp.Diagnostics, s, endpoint); prove != nil {
		c := api.New(endpoint, prove, "terraform-provider-ohfp/"+p.version)
		resp.ResourceData, resp.DataSourceData = c, c
	}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// prover is how calls are proved; nil when that is not to be had.
func (p *ohfp) prover(ctx context.Context, to *diag.Diagnostics, s settings, endpoint *url.URL) api.Prover {
	region := api.RegionOf(endpoint.Hostname())
	auth := s.Auth.ValueString()
	switch {
	case auth == "none":
		return api.Nobody
	case auth == "sigv4", auth == "" && region != "":
		prove, err := api.AWS(ctx, firstOf(s.AWSRegion.ValueString(), region), s.AWSProfile.ValueString(), p.now)
		if err != nil {
			to.AddError("Calls cannot be signed", err.Error())
			return nil
		}
		return prove
	case auth == "bearer", auth == "":
		return p.bearer(to, s, endpoint)
	}
	to.AddAttributeError(path.Root("auth"), "There is no such way to prove a call", fmt.Sprintf("want bearer, sigv4 or none, got %q", auth))
	return nil
}

func (p *ohfp) bearer(to *diag.Diagnostics, s settings, endpoint *url.URL) api.Prover {
	token, err := p.token(s)
	switch {
	case err != nil:
		to.AddAttributeError(path.Root("token_file"), "The token cannot be read", err.Error())
		return nil
	case token == "" && s.Auth.ValueString() == "bearer":
		to.AddAttributeError(path.Root("token"), "There is no token", "Set token, token_file, OHFP_TOKEN or OHFP_TOKEN_FILE.")
		return nil
	case token == "":
		return api.Nobody
	case !api.Private(endpoint):
		to.AddAttributeError(path.Root("endpoint"), "The token would be readable on its way", "Use https, or auth = \"none\".")
		return nil
	}
	return api.Bearer(token)
}

// token finds the token; "" when there is none and none was asked for.
func (p *ohfp) token(s settings) (string, error) {
	if t := firstOf(s.Token.ValueString(), p.env("OHFP_TOKEN")); t != "" {
		return t, nil
	}
	named := firstOf(s.TokenFile.ValueString(), p.env("OHFP_TOKEN_FILE"))
	data, err := os.ReadFile(firstOf(named, p.usual()))
	if err != nil && named == "" {
		return "", nil // a broker on another machine has put none here
	}
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	return strings.TrimSpace(string(data)), nil
}

// usual is where ohfpd puts its token on this machine.
func (p *ohfp) usual() string {
	base := firstOf(p.env("XDG_DATA_HOME"), filepath.Join(p.env("HOME"), ".local", "share"))
	return filepath.Join(base, "ohfp", "token")
}

// Resources implements [provider.Provider].
func (p *ohfp) Resources(context.Context) []func() resource.Resource {
	all, err := things()
	if err != nil {
		panic(err) // the tags of the operations' types are held by tests
	}
	var made []func() resource.Resource
	for _, t := range all {
		made = append(made, func() resource.Resource { return &object{thing: t} })
	}
	return made
}

// DataSources implements [provider.Provider].
func (p *ohfp) DataSources(context.Context) []func() datasource.DataSource {
	var made []func() datasource.DataSource
	for _, v := range views() {
		made = append(made, func() datasource.DataSource { return &source{view: v} })
	}
	return made
}
