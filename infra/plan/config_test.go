package plan

import (
	"cmp"
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

const aKey = "arn:aws:kms:eu-north-1:111122223333:key/0a1b2c3d-1111-2222-3333-444455556666"

func TestAnEmptyContextIsAStage(t *testing.T) {
	c, err := Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Stage: "dev", Providers: []string{"aws"}, RolePath: "/", RetentionDays: 30}
	if diff := gocmp.Diff(want, c); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestTheContextIsTakenAsTextAndAsJSON(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-north-1:111122223333:table/restored"
	want := Config{
		Stage: "prod-2", Providers: []string{"aws", "static"}, ProviderAccounts: []string{"444455556666", "777788889999"}, Organization: "o-a1b2c3d4e5",
		JWT:                 &JWT{Issuer: "https://login.example.com/", Audience: []string{"ohfp", "people"}},
		Static:              &StaticVPC{Subnets: []string{"subnet-0a1b2c3d"}, SecurityGroups: []string{"sg-0a1b2c3d"}, AddressAllow: []string{"10.0.0.0/8"}},
		PermissionsBoundary: "arn:aws:iam::111122223333:policy/bound", RolePath: "/ohfp/", AlarmTopic: "arn:aws:sns:eu-north-1:111122223333:on-call",
		RetentionDays: 90, Key: aKey, Reserved: map[string]int{"aws": 20}, Tracing: true, TableARN: table, TableStreamARN: table + "/stream/2026-01-01T00:00:00.000",
	}
	shared := map[string]any{
		"stage": "prod-2", "organization": "o-a1b2c3d4e5", "auth": "jwt", "jwtIssuer": "https://login.example.com/", "api": "http",
		"permissionsBoundary": want.PermissionsBoundary, "rolePath": "/ohfp/", "alarmTopic": want.AlarmTopic, "kms": aKey,
		"tableArn": want.TableARN, "tableStreamArn": want.TableStreamARN, "aws:cdk:version-reporting": true, "@aws-cdk/core:x": "strong", "vpc": "",
	}
	for name, more := range map[string]map[string]any{
		"text": {
			"enabledProviders": "static, aws", "providerAccounts": "444455556666,777788889999", "jwtAudience": "ohfp,people", "retentionDays": "90",
			"tracing": "true", "reservedConcurrency": `{"aws": 20}`,
			"staticVpc": `{"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"], "address_allow": ["10.0.0.0/8"]}`,
		},
		"JSON": {
			"enabledProviders": []any{"aws", "static", "aws"}, "providerAccounts": []any{"444455556666", "777788889999"}, "jwtAudience": []any{"ohfp", "people"},
			"retentionDays": 90.0, "tracing": true, "reservedConcurrency": map[string]any{"aws": 20.0},
			"staticVpc": map[string]any{"subnets": []any{"subnet-0a1b2c3d"}, "security_groups": []any{"sg-0a1b2c3d"}, "address_allow": []any{"10.0.0.0/8"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range shared {
				more[k] = v
			}
			c, err := Parse(more)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(want, c); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatCannotBeIsRefusedWithItsNameAndARemedy(t *testing.T) {
	const table = "arn:aws:dynamodb:eu-north-1:111122223333:table/abc"
	for _, c := range []struct {
		context map[string]any
		key     string
		remedy  string
	}{
		{map[string]any{"stage": "Prod"}, "stage", "take a short name such as prod"},
		{map[string]any{"stage": "abcdefghijklm"}, "stage", "1 to 12"},
		{map[string]any{"stage": "a-"}, "stage", "no - last"},
		{map[string]any{"stage": 7.0}, "stage", "want text"},
		{map[string]any{"stgae": "prod"}, "stgae", "did you mean stage?"},
		{map[string]any{"colour": "red"}, "colour", "there are stage, enabledProviders"},
		{map[string]any{"enabledProviders": "aws,gcp"}, "enabledProviders", "take some of aws, static"},
		{map[string]any{"enabledProviders": 3.0}, "enabledProviders", "a JSON list of texts"},
		{map[string]any{"providerAccounts": "1111"}, "providerAccounts", "twelve digits"},
		{map[string]any{"organization": "example"}, "organization", "aws organizations describe-organization"},
		{map[string]any{"auth": "none"}, "auth", "take iam, or jwt"},
		{map[string]any{"auth": "jwt"}, "auth", "jwt needs jwtIssuer and jwtAudience"},
		{map[string]any{"jwtIssuer": "https://x", "jwtAudience": "y"}, "jwtIssuer", "they are for auth jwt"},
		{map[string]any{"auth": "jwt", "jwtIssuer": "http://x", "jwtAudience": "y"}, "jwtIssuer", "an https URL"},
		{map[string]any{"auth": "jwt", "jwtIssuer": "https://x", "jwtAudience": "y", "api": "private", "vpc": "vpc-0a1b2c3d"}, "auth", "take auth iam"},
		{map[string]any{"api": "rest"}, "api", "take http, or private with vpc"},
		{map[string]any{"api": "private"}, "vpc", "set both or neither"},
		{map[string]any{"vpc": "vpc-0a1b2c3d"}, "vpc", "set both or neither"},
		{map[string]any{"vpc": "default", "api": "private"}, "vpc", "the id of a VPC"},
		{map[string]any{"enabledProviders": "static"}, "staticVpc", "set it with static in enabledProviders"},
		{map[string]any{"staticVpc": `{"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"]}`}, "staticVpc", "leave out both"},
		{map[string]any{"staticVpc": `{"subnets": ["subnet-0a1b2c3d"]}`}, "staticVpc", "security_groups"},
		{map[string]any{"staticVpc": `{"subnets": ["here"], "security_groups": ["sg-0a1b2c3d"]}`}, "staticVpc", "the id of a subnet"},
		{map[string]any{"staticVpc": `{"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"], "address_allow": ["ten"]}`}, "staticVpc", "no prefix such as 10.0.0.0/8"},
		{map[string]any{"permissionsBoundary": "bound"}, "permissionsBoundary", "the ARN of a policy"},
		{map[string]any{"rolePath": "ohfp"}, "rolePath", "begin and end it with /"},
		{map[string]any{"alarmTopic": "on-call"}, "alarmTopic", "arn:aws:sns:REGION:ACCOUNT:NAME"},
		{map[string]any{"retentionDays": 31}, "retentionDays", "take one of [1 3 5"},
		{map[string]any{"retentionDays": "a month"}, "retentionDays", "want a whole number"},
		{map[string]any{"kms": "alias/mine"}, "kms", "an alias does not do"},
		{map[string]any{"reservedConcurrency": "20"}, "reservedConcurrency", `{"aws": 20}`},
		{map[string]any{"reservedConcurrency": `{"aws": 0}`}, "reservedConcurrency", "at least 1"},
		{map[string]any{"reservedConcurrency": `{"static": 5}`}, "reservedConcurrency", "static is not in enabledProviders"},
		{map[string]any{"tracing": "on"}, "tracing", "want true or false"},
		{map[string]any{"tableArn": "a"}, "tableArn", "the ARN of a table"},
		{map[string]any{"tableArn": table}, "tableArn", "aws dynamodb update-table"},
		{map[string]any{"tableStreamArn": table + "/stream/x"}, "tableArn", "set both or neither"},
		{map[string]any{"tableArn": table, "tableStreamArn": table + "d/stream/x"}, "tableStreamArn", "take both of one"},
		{map[string]any{"tableArn": table, "tableStreamArn": table}, "tableStreamArn", "describe-table"},
	} {
		_, err := Parse(c.context)
		if err == nil {
			t.Errorf("%v is taken", c.context)
			continue
		}
		if got := err.Error(); !strings.Contains(got, "context "+c.key) || !strings.Contains(got, c.remedy) {
			t.Errorf("%v: %q does not name %s and say %q", c.context, got, c.key, c.remedy)
		}
	}
}

func TestEverythingThatIsWrongIsSaidAtOnce(t *testing.T) {
	_, err := Parse(map[string]any{"stage": "X", "auth": "none", "colour": "red"})
	if err == nil || strings.Count(err.Error(), "context ") != 3 {
		t.Errorf("got %v", err)
	}
}

func TestEveryMemberOfTheContextIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys() {
		row := "| `" + k[0] + "` | " + strings.ReplaceAll(k[1], "|", "\\|") + " | " + cmp.Or(k[2], "–") + " |"
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/operations.md has no row %s", row)
		}
	}
}
