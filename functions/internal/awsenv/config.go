package awsenv

import (
	"context"
	"strings"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Config returns what clients are made of. store_unavailable when the region
// or the credentials are missing: without them there is no store.
//
// AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_ENDPOINT_URL and
// AWS_ENDPOINT_URL_<SERVICE> mean what they mean to the SDK; what else it reads
// is not read here.
func Config(env settings.Env) (awssdk.Config, error) {
	c := awssdk.Credentials{
		AccessKeyID: env("AWS_ACCESS_KEY_ID"), SecretAccessKey: env("AWS_SECRET_ACCESS_KEY"), SessionToken: env("AWS_SESSION_TOKEN"),
		Source: "environment",
	}
	cfg := awssdk.Config{
		Region: env("AWS_REGION"), ConfigSources: []any{source{env}},
		Credentials: awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) { return c, nil }),
	}
	if url := env("AWS_ENDPOINT_URL"); url != "" && !ignored(env) {
		cfg.BaseEndpoint = &url
	}
	if cfg.Region == "" {
		return cfg, missing("AWS_REGION")
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return cfg, missing("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
	}
	return cfg, nil
}

func missing(variables string) error {
	return fault.New(fault.StoreUnavailable, "The function cannot reach AWS: %s must be set. Lambda sets them from the role of the function.", variables)
}

// source answers what clients ask of where a configuration came from. The
// names of the methods are the SDK's.
type source struct{ env settings.Env }

// GetServiceBaseEndpoint is the endpoint of a service, by the SDK's id of it.
func (s source) GetServiceBaseEndpoint(_ context.Context, sdkID string) (string, bool, error) {
	url := s.env("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(sdkID, " ", "_")))
	return url, url != "", nil
}

// GetIgnoreConfiguredEndpoints says that no endpoint counts but AWS's own.
func (s source) GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error) {
	return ignored(s.env), true, nil
}

func ignored(env settings.Env) bool {
	return strings.EqualFold(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true")
}

// GetUseFIPSEndpoint says whether the endpoint must be one for FIPS 140.
func (s source) GetUseFIPSEndpoint(context.Context) (awssdk.FIPSEndpointState, bool, error) {
	value, found := s.yes("AWS_USE_FIPS_ENDPOINT")
	if value {
		return awssdk.FIPSEndpointStateEnabled, found, nil
	}
	return awssdk.FIPSEndpointStateDisabled, found, nil
}

// GetUseDualStackEndpoint says whether the endpoint must be one for IPv6 too.
func (s source) GetUseDualStackEndpoint(context.Context) (awssdk.DualStackEndpointState, bool, error) {
	value, found := s.yes("AWS_USE_DUALSTACK_ENDPOINT")
	if value {
		return awssdk.DualStackEndpointStateEnabled, found, nil
	}
	return awssdk.DualStackEndpointStateDisabled, found, nil
}

func (s source) yes(name string) (value, found bool) {
	text := s.env(name)
	return strings.EqualFold(text, "true"), text != ""
}
