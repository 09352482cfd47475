package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// functions are those of a plain stage: seconds, megabytes and whether they have
// routes.
func functions() map[string][3]any {
	return map[string][3]any{
		"attempt-aws":                  {65, 128, false},
		"cancel-operation":             {10, 128, true},
		"cancel-request":               {10, 128, true},
		"configure-provider-strategy":  {10, 128, true},
		"delete-template":              {10, 128, true},
		"deregister-provider-strategy": {10, 128, true},
		"due":                          {10, 128, false},
		"execute-provider-operation":   {28, 128, true},
		"get-available-templates":      {10, 128, true},
		"get-operation":                {10, 128, true},
		"get-provider-capabilities":    {10, 128, true},
		"get-provider-health":          {10, 128, true},
		"get-provider-metrics":         {25, 128, true},
		"get-provider-strategy-config": {10, 128, true},
		"get-request-status":           {10, 256, true},
		"get-return-requests":          {10, 256, true},
		"get-sweeper-report":           {10, 128, true},
		"list-audit-events":            {10, 128, true},
		"list-available-providers":     {10, 128, true},
		"list-machines":                {10, 128, true},
		"list-operations":              {10, 128, true},
		"list-requests":                {10, 128, true},
		"list-templates":               {10, 128, true},
		"probe-aws":                    {65, 128, false},
		"reconcile":                    {60, 128, false},
		"record-machine-event":         {10, 128, false},
		"register-host-provider":       {10, 128, true},
		"register-provider-strategy":   {15, 128, true},
		"register-template":            {10, 128, true},
		"request-machines":             {10, 128, true},
		"request-return-machines":      {10, 256, true},
		"select-provider-strategy":     {10, 128, true},
		"settle":                       {10, 128, false},
		"sweep-aws":                    {65, 128, false},
		"update-provider-health":       {10, 128, true},
	}
}

func TestEveryFunctionIsDeployedAsItIsBuilt(t *testing.T) {
	broker, front := stacks(t, "plain")["broker"], stacks(t, "plain")["front"]
	integrated := map[string]bool{}
	for _, i := range front.of("AWS::ApiGatewayV2::Integration") {
		integrated[last(i.Properties["IntegrationUri"].(string), ":")] = true
	}
	got := map[string][3]any{}
	for id, f := range broker.of("AWS::Lambda::Function") {
		p := f.Properties
		folder := strings.TrimPrefix(p["FunctionName"].(string), "ohfp-dev-")
		got[folder] = [3]any{int(p["Timeout"].(float64)), int(p["MemorySize"].(float64)), integrated[p["FunctionName"].(string)]}
		same := map[string]any{
			"Architectures": []any{"arm64"}, "Runtime": "provided.al2023", "Handler": "bootstrap",
			"Role": "${" + strings.TrimSuffix(id, "Function") + "Role.Arn}",
			"LoggingConfig": map[string]any{
				"ApplicationLogLevel": "INFO", "LogFormat": "JSON", "LogGroup": "${" + strings.TrimSuffix(id, "Function") + "Logs}", "SystemLogLevel": "WARN",
			},
			"Code":          map[string]any{"S3Bucket": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}", "S3Key": "CODE.zip"},
			"TracingConfig": map[string]any{"Mode": "PassThrough"},
		}
		for name, want := range same {
			if diff := cmp.Diff(want, p[name]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", folder, name, diff)
			}
		}
	}
	if diff := cmp.Diff(functions(), got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func last(s, separator string) string { return s[strings.LastIndex(s, separator)+1:] }

func TestEveryFunctionHasARoleAndALogOfItsOwn(t *testing.T) {
	broker := stacks(t, "plain")["broker"]
	taken := map[string]string{}
	for id, f := range broker.of("AWS::Lambda::Function") {
		for _, own := range []string{f.Properties["Role"].(string), f.Properties["LoggingConfig"].(map[string]any)["LogGroup"].(string)} {
			if other, shared := taken[own]; shared {
				t.Errorf("%s and %s share %s", id, other, own)
			}
			taken[own] = id
		}
	}
	for id, g := range broker.of("AWS::Logs::LogGroup") {
		if g.Properties["RetentionInDays"] != 30.0 || g.DeletionPolicy != "Delete" {
			t.Errorf("%s: %v", id, g)
		}
	}
}

func TestEveryFunctionHoldsItsOwnCode(t *testing.T) {
	manifest := assets(t)
	for id, f := range rawResources(t, "broker") {
		if f.Type != "AWS::Lambda::Function" {
			continue
		}
		key := f.Properties["Code"].(map[string]any)["S3Key"].(string)
		folder := strings.TrimPrefix(f.Properties["FunctionName"].(string), "ohfp-dev-")
		if got := manifest[strings.TrimSuffix(key, ".zip")]; got != folder {
			t.Errorf("%s gets the code of %q", id, got)
		}
	}
}

func TestRoutesNeedASignature(t *testing.T) {
	front := stacks(t, "plain")["front"]
	routes := front.of("AWS::ApiGatewayV2::Route")
	for id, r := range routes {
		if r.Properties["AuthorizationType"] != "AWS_IAM" {
			t.Errorf("%s: %v", id, r.Properties)
		}
	}
	if len(routes) != 13+15*2+6 { // commands, queries by GET and POST, types
		t.Errorf("there are %d routes", len(routes))
	}
}

func TestRoutesNeedATokenWithAScope(t *testing.T) {
	front := stacks(t, "full")["front"]
	want := map[string][]any{
		"POST /v1/queries/getOperation":                               {"ohfp/reader", "ohfp/scheduler", "ohfp/operator", "ohfp/admin"},
		"POST /v1/commands/executeProviderOperation/CREATE_INSTANCES": {"ohfp/scheduler", "ohfp/operator", "ohfp/admin"},
		"POST /v1/commands/registerProviderStrategy":                  {"ohfp/operator", "ohfp/admin"},
	}
	found := 0
	for id, r := range front.of("AWS::ApiGatewayV2::Route") {
		if r.Properties["AuthorizationType"] != "JWT" || r.Properties["AuthorizerId"] != "${Authorizer}" || r.Properties["AuthorizationScopes"] == nil {
			t.Errorf("%s: %v", id, r.Properties)
		}
		if scopes, ok := want[r.Properties["RouteKey"].(string)]; ok {
			found++
			if diff := cmp.Diff(scopes, r.Properties["AuthorizationScopes"]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", id, diff)
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d of %d routes are there", found, len(want))
	}
}

// TestOnlyThisAPIMayCallAFunction: a permission without a source would let
// everybody's API in.
func TestOnlyThisAPIMayCallAFunction(t *testing.T) {
	for name := range sites() {
		for part, tp := range stacks(t, name) {
			for id, p := range tp.of("AWS::Lambda::Permission") {
				source := fmt.Sprint(p.Properties["SourceArn"])
				ours := strings.HasPrefix(source, "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/") || strings.HasSuffix(source, "Notices.Arn}")
				if !ours {
					t.Errorf("%s of %s of site %s: %v", id, part, name, p.Properties)
				}
			}
		}
	}
}

func TestAPrivateAPIIsReachedFromItsVPCAlone(t *testing.T) {
	front := stacks(t, "private")["front"]
	body := front.Resources["Api"].Properties["Body"].(map[string]any)
	want := map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*",
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:SourceVpc": "vpc-0a1b2c3d"}},
		}},
	}
	if diff := cmp.Diff(want, body["x-amazon-apigateway-policy"]); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	paths := 0
	for path, methods := range body["paths"].(map[string]any) {
		for method, m := range methods.(map[string]any) {
			paths++
			auth := m.(map[string]any)["x-amazon-apigateway-auth"]
			if diff := cmp.Diff(map[string]any{"type": "AWS_IAM"}, auth); diff != "" {
				t.Errorf("%s %s (-want +got):\n%s", method, path, diff)
			}
		}
	}
	if paths != 13+15*2+6 {
		t.Errorf("there are %d routes", paths)
	}
	deployments := front.of("AWS::ApiGateway::Deployment")
	for name := range deployments {
		if !regexp.MustCompile(`^Deployment[0-9A-F]{8}$`).MatchString(name) {
			t.Errorf("the deployment is called %s: another document would not be deployed", name)
		}
	}
	if len(deployments) != 1 {
		t.Errorf("there are %d deployments", len(deployments))
	}
}

// taggable are the types here that CloudFormation can tag.
func taggable() []string {
	return []string{
		"AWS::DynamoDB::Table", "AWS::IAM::Role", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::StepFunctions::StateMachine", "AWS::SQS::Queue",
		"AWS::Events::EventBus", "AWS::Events::Rule", "AWS::Pipes::Pipe", "AWS::Scheduler::ScheduleGroup", "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage",
		"AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
	}
}

func TestEverythingThatCanBeTaggedSaysItsStage(t *testing.T) {
	for name := range sites() {
		for part, tp := range stacks(t, name) {
			for id, r := range tp.Resources {
				tagged := strings.Contains(fmt.Sprint(r.Properties["Tags"]), "ohfp:stage")
				if slices.Contains(taggable(), r.Type) != tagged {
					t.Errorf("%s (%s) in %s of site %s has the tags %v", id, r.Type, part, name, r.Properties["Tags"])
				}
			}
		}
	}
}

func TestRolesAreBoundAndUnderTheirPath(t *testing.T) {
	for id, r := range stacks(t, "full")["broker"].of("AWS::IAM::Role") {
		if r.Properties["PermissionsBoundary"] != "arn:aws:iam::111122223333:policy/bound" || r.Properties["Path"] != "/ohfp/" {
			t.Errorf("%s: %v, %v", id, r.Properties["PermissionsBoundary"], r.Properties["Path"])
		}
	}
}
