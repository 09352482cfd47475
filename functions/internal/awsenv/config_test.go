package awsenv_test

import (
	"maps"
	"os"
	"strings"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// inLambda is what Lambda sets, and more.
func inLambda(more map[string]string) map[string]string {
	env := map[string]string{
		"AWS_REGION": "eu-north-1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
	}
	maps.Copy(env, more)
	return env
}

// reached is all that a client takes from its configuration.
type reached struct {
	Region, Endpoint       string
	FIPS, DualStack        bool
	Key, Secret, SessionID string
}

func reachedBy(t *testing.T, cfg awssdk.Config) (dynamo, states reached) {
	t.Helper()
	who, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d, s := ddb.NewFromConfig(cfg).Options(), awssfn.NewFromConfig(cfg).Options()
	dynamo = reached{
		d.Region, awssdk.ToString(d.BaseEndpoint), d.EndpointOptions.UseFIPSEndpoint == awssdk.FIPSEndpointStateEnabled,
		d.EndpointOptions.UseDualStackEndpoint == awssdk.DualStackEndpointStateEnabled, who.AccessKeyID, who.SecretAccessKey, who.SessionToken,
	}
	states = reached{
		s.Region, awssdk.ToString(s.BaseEndpoint), s.EndpointOptions.UseFIPSEndpoint == awssdk.FIPSEndpointStateEnabled,
		s.EndpointOptions.UseDualStackEndpoint == awssdk.DualStackEndpointStateEnabled, who.AccessKeyID, who.SecretAccessKey, who.SessionToken,
	}
	return dynamo, states
}

// TestAFunctionReachesAWSAsTheSDKWould holds the reading of the environment to
// the SDK's own, which has no way to be told another environment.
func TestAFunctionReachesAWSAsTheSDKWould(t *testing.T) {
	variables := []string{
		"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SFN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
	}
	for name, more := range map[string]map[string]string{
		"AWS itself":                      nil,
		"one endpoint for all":            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		"an endpoint for one service":     {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:2"},
		"an endpoint for another service": {"AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:3"},
		"one for all and one for one":     {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_SFN": "http://127.0.0.1:3"},
		"endpoints that do not count":     {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
		"endpoints that count":            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"},
		"FIPS":                            {"AWS_USE_FIPS_ENDPOINT": "true"},
		"no FIPS":                         {"AWS_USE_FIPS_ENDPOINT": "false"},
		"both stacks":                     {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
	} {
		t.Run(name, func(t *testing.T) {
			env := inLambda(more)
			for k, v := range map[string]string{"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PROFILE": ""} {
				t.Setenv(k, v)
			}
			for _, v := range variables {
				unset(t, v)
			}
			for k, v := range env {
				t.Setenv(k, v)
			}
			sdk, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ours, err := awsenv.Config(func(name string) string { return env[name] })
			if err != nil {
				t.Fatal(err)
			}
			wantDynamo, wantStates := reachedBy(t, sdk)
			gotDynamo, gotStates := reachedBy(t, ours)
			if diff := cmp.Diff(wantDynamo, gotDynamo); diff != "" {
				t.Errorf("DynamoDB (-SDK +ours):\n%s", diff)
			}
			if diff := cmp.Diff(wantStates, gotStates); diff != "" {
				t.Errorf("Step Functions (-SDK +ours):\n%s", diff)
			}
		})
	}
}

// unset takes a variable away until the test has ended: to the SDK an empty one
// is there.
func unset(t *testing.T, variable string) {
	t.Helper()
	t.Setenv(variable, "") // puts it back in the end
	if err := os.Unsetenv(variable); err != nil {
		t.Fatal(err)
	}
}

func TestWithoutARegionOrCredentialsThereIsNoStore(t *testing.T) {
	for _, variable := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		env := inLambda(map[string]string{variable: ""})
		_, err := awsenv.Config(func(name string) string { return env[name] })
		if !fault.Is(err, fault.StoreUnavailable) || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s: %v", variable, err)
		}
	}
}
