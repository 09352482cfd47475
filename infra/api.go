package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// api makes the door and returns its id: a public HTTP API, or a REST API that
// is reached from one VPC, which knows no other way to be private.
func (s stage) api(stack awscdk.Stack) *string {
	door := s.httpAPI
	if s.API.Private() {
		door = s.privateAPI
	}
	id, path := door(stack)
	for _, f := range s.Functions {
		if len(f.Routes) > 0 {
			letIn(stack, f, execution(id))
		}
	}
	awscdk.NewCfnOutput(stack, jsii.String("Endpoint"), &awscdk.CfnOutputProps{
		Description: jsii.String("What ohfp is given as --endpoint"),
		Value:       jsii.String(fmt.Sprintf("https://%s.execute-api.%s.%s%s", *id, s.Place.Region, *awscdk.Aws_URL_SUFFIX(), path)),
	})
	s.callers(stack, execution(id))
	return id
}

// execution is the part of an API's ARN before its stage.
func execution(api *string) string {
	return fmt.Sprintf("arn:%s:execute-api:%s:%s:%s", *awscdk.Aws_PARTITION(), *awscdk.Aws_REGION(), *awscdk.Aws_ACCOUNT_ID(), *api)
}

func (s stage) httpAPI(stack awscdk.Stack) (id *string, path string) {
	api := awsapigatewayv2.NewCfnApi(stack, jsii.String("Api"), &awsapigatewayv2.CfnApiProps{
		Name: jsii.String(s.API.Name), ProtocolType: jsii.String("HTTP"), Description: jsii.String("The broker ohfp."),
	})
	logs := s.logs(stack, jsii.String("ApiLogs"), s.API.LogName)
	awsapigatewayv2.NewCfnStage(stack, jsii.String("ApiStage"), &awsapigatewayv2.CfnStageProps{
		ApiId: api.Ref(), StageName: jsii.String("$default"), AutoDeploy: jsii.Bool(true),
		AccessLogSettings:    &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: logs.AttrArn(), Format: jsii.String(plan.AccessLog())},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{DetailedMetricsEnabled: jsii.Bool(false)},
	})
	authorizer := s.authorizer(stack, api)
	for _, f := range s.Functions {
		if len(f.Routes) > 0 {
			s.routes(stack, api, f, authorizer)
		}
	}
	return api.Ref(), ""
}

// authorizer checks tokens; nil when callers sign with IAM.
func (s stage) authorizer(stack awscdk.Stack, api awsapigatewayv2.CfnApi) *string {
	if s.API.JWT == nil {
		return nil
	}
	return awsapigatewayv2.NewCfnAuthorizer(stack, jsii.String("Authorizer"), &awsapigatewayv2.CfnAuthorizerProps{
		ApiId: api.Ref(), Name: jsii.String("jwt"), AuthorizerType: jsii.String("JWT"),
		IdentitySource: jsii.Strings("$request.header.Authorization"),
		JwtConfiguration: &awsapigatewayv2.CfnAuthorizer_JWTConfigurationProperty{
			Issuer: jsii.String(s.API.JWT.Issuer), Audience: jsii.Strings(s.API.JWT.Audience...),
		},
	}).Ref()
}

// routes lead to one function. Its integration waits as long as API Gateway
// does: the function gives up earlier.
func (s stage) routes(stack awscdk.Stack, api awsapigatewayv2.CfnApi, f plan.Function, authorizer *string) {
	integration := awsapigatewayv2.NewCfnIntegration(stack, id(f.Folder, "Integration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: api.Ref(), IntegrationType: jsii.String("AWS_PROXY"), PayloadFormatVersion: jsii.String("2.0"),
		IntegrationUri: jsii.String(f.ARN), TimeoutInMillis: jsii.Number(plan.APITimeout.Milliseconds()),
	})
	for _, r := range f.Routes {
		props := &awsapigatewayv2.CfnRouteProps{
			ApiId: api.Ref(), RouteKey: jsii.String(r.Method + " " + r.Path), AuthorizationType: jsii.String("AWS_IAM"),
			Target: jsii.String("integrations/" + *integration.Ref()),
		}
		if authorizer != nil {
			props.AuthorizationType, props.AuthorizerId, props.AuthorizationScopes = jsii.String("JWT"), authorizer, jsii.Strings(plan.Scopes(r.Role)...)
		}
		awsapigatewayv2.NewCfnRoute(stack, id(r.ID(), "Route"), props)
	}
}

// privateAPI makes a REST API of one document. A deployment is a snapshot:
// another document needs another one, under another name.
func (s stage) privateAPI(stack awscdk.Stack) (id *string, path string) {
	const name = "live"
	body := s.Definition(func(f plan.Function) string {
		return fmt.Sprintf("arn:%s:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", s.Place.Partition, s.Place.Region, f.ARN)
	})
	api := awsapigateway.NewCfnRestApi(stack, jsii.String("Api"), &awsapigateway.CfnRestApiProps{
		Name: jsii.String(s.API.Name), Description: jsii.String("The broker ohfp."), Body: body,
		EndpointConfiguration: &awsapigateway.CfnRestApi_EndpointConfigurationProperty{Types: jsii.Strings("PRIVATE")},
	})
	deployment := awsapigateway.NewCfnDeployment(stack, jsii.String("Deployment"+s.API.Version), &awsapigateway.CfnDeploymentProps{RestApiId: api.Ref()})
	door := awsapigateway.NewCfnStage(stack, jsii.String("ApiStage"), &awsapigateway.CfnStageProps{
		RestApiId: api.Ref(), DeploymentId: deployment.Ref(), StageName: jsii.String(name), TracingEnabled: jsii.Bool(s.Config.Tracing),
	})
	const logs = "Logs of a REST API need a role in the settings of the whole region; each function logs its requests."
	suppress(door, "AwsSolutions-APIG1", logs)
	suppress(door, "AwsSolutions-APIG6", logs)
	suppress(door, "AwsSolutions-APIG3", "It is reached from one VPC, by callers who sign.")
	suppress(api, "AwsSolutions-APIG2", "The functions read requests strictly, and say by path what is wrong.")
	return api.Ref(), "/" + name
}

// letIn lets the API call a function, by any of its routes.
func letIn(stack awscdk.Stack, f plan.Function, api string) {
	awslambda.NewCfnPermission(stack, id(f.Folder, "Permission"), &awslambda.CfnPermissionProps{
		FunctionName: jsii.String(f.Name), Action: jsii.String("lambda:InvokeFunction"),
		Principal: jsii.String("apigateway.amazonaws.com"), SourceArn: jsii.String(api + "/*"),
	})
}

// callers makes the policies that a site attaches to its people and schedulers.
// Tokens have scopes instead.
func (s stage) callers(stack awscdk.Stack, api string) {
	if s.API.JWT != nil {
		return
	}
	for _, c := range s.Callers {
		var resources []string
		for _, r := range c.Routes {
			resources = append(resources, api+"/*/"+r.Method+r.Path)
		}
		policy := awsiam.NewCfnManagedPolicy(stack, id("caller-"+c.Role, "Policy"), &awsiam.CfnManagedPolicyProps{
			ManagedPolicyName: jsii.String(c.Name), Path: jsii.String(s.Config.RolePath),
			Description:    jsii.String("What a " + c.Role + " of the broker may call beyond those before it."),
			PolicyDocument: document(map[string]any{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resources}),
		})
		suppress(policy, "AwsSolutions-IAM5", "The star is the API's stage, of which there is one; method and path are named.")
	}
}
