package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// functions makes a function, its role and its log for each row of the plan.
func (s stage) functions(stack awscdk.Stack) {
	for _, f := range s.Functions {
		s.function(stack, f)
	}
}

func (s stage) function(stack awscdk.Stack, f plan.Function) {
	role := s.role(stack, id(f.Folder, "Role"), f.Role)
	logs := s.logs(stack, id(f.Folder, "Logs"), f.LogGroup)
	zip := awss3assets.NewAsset(stack, id(f.Folder, "Zip"), &awss3assets.AssetProps{Path: jsii.String(s.zip(f))})
	awslambda.NewCfnFunction(stack, id(f.Folder, "Function"), &awslambda.CfnFunctionProps{
		FunctionName:  jsii.String(f.Name),
		Description:   jsii.String(f.Operation.Summary),
		Runtime:       jsii.String("provided.al2023"),
		Architectures: jsii.Strings("arm64"),
		Handler:       jsii.String("bootstrap"),
		Code:          &awslambda.CfnFunction_CodeProperty{S3Bucket: zip.S3BucketName(), S3Key: zip.S3ObjectKey()},
		Role:          role.AttrArn(),
		Timeout:       jsii.Number(f.Timeout.Seconds()),
		MemorySize:    jsii.Number(f.MemoryMB),
		Environment:   &awslambda.CfnFunction_EnvironmentProperty{Variables: variables(f.Env)},
		LoggingConfig: &awslambda.CfnFunction_LoggingConfigProperty{
			LogGroup: logs.Ref(), LogFormat: jsii.String("JSON"), ApplicationLogLevel: jsii.String("INFO"), SystemLogLevel: jsii.String("WARN"),
		},
		TracingConfig:                &awslambda.CfnFunction_TracingConfigProperty{Mode: jsii.String(s.tracingMode())},
		ReservedConcurrentExecutions: reserved(f.Reserved),
		VpcConfig:                    network(f.VPC),
	})
	if f.CountsLines() {
		errorLines(stack, f, logs)
	}
}

// errorLines counts the lines of a function's log at level ERROR.
func errorLines(stack awscdk.Stack, f plan.Function, logs awslogs.CfnLogGroup) {
	awslogs.NewCfnMetricFilter(stack, id(f.Folder, "ErrorLines"), &awslogs.CfnMetricFilterProps{
		LogGroupName: logs.Ref(), FilterPattern: jsii.String(`{ $.level = "ERROR" }`),
		MetricTransformations: &[]any{&awslogs.CfnMetricFilter_MetricTransformationProperty{
			MetricNamespace: jsii.String(plan.OwnMetrics), MetricName: jsii.String(f.ErrorLines()), MetricValue: jsii.String("1"),
		}},
	})
}

// logs makes a log group that goes with its stack: what it held is not needed
// to bring anything back.
func (s stage) logs(stack awscdk.Stack, name *string, group string) awslogs.CfnLogGroup {
	props := &awslogs.CfnLogGroupProps{LogGroupName: jsii.String(group), RetentionInDays: jsii.Number(s.Config.RetentionDays)}
	if s.Config.Key != "" {
		props.KmsKeyId = jsii.String(s.Config.Key)
	}
	g := awslogs.NewCfnLogGroup(stack, name, props)
	g.ApplyRemovalPolicy(awscdk.RemovalPolicy_DESTROY, nil)
	return g
}

func (s stage) tracingMode() string {
	if s.Config.Tracing {
		return "Active"
	}
	return "PassThrough"
}

func variables(env map[string]string) *map[string]*string {
	out := map[string]*string{}
	for name, v := range env {
		out[name] = jsii.String(v)
	}
	return &out
}

// reserved is nil for no reservation: 0 would be a function that never runs.
func reserved(n int) *float64 {
	if n == 0 {
		return nil
	}
	return jsii.Number(n)
}

func network(at *plan.StaticVPC) any {
	if at == nil {
		return nil
	}
	return &awslambda.CfnFunction_VpcConfigProperty{
		SubnetIds: jsii.Strings(at.Subnets...), SecurityGroupIds: jsii.Strings(at.SecurityGroups...),
	}
}
