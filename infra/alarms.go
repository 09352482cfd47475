package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// alarms tells the site's topic, and tells it again when all is well.
func (s stage) alarms(stack awscdk.Stack, api *string) {
	var tell *[]any
	if s.Config.AlarmTopic != "" {
		tell = &[]any{s.Config.AlarmTopic}
	}
	for _, a := range s.Alarms {
		awscloudwatch.NewCfnAlarm(stack, id(a.Part, "Alarm"), &awscloudwatch.CfnAlarmProps{
			AlarmName: jsii.String(a.Name), AlarmDescription: jsii.String(a.Says + " What to do: docs/operations.md, " + a.Runbook + "."),
			Namespace: jsii.String(a.Namespace), MetricName: jsii.String(a.Metric), Statistic: jsii.String(a.Statistic),
			Dimensions: dimensions(a, api), Threshold: jsii.Number(a.Threshold), ComparisonOperator: jsii.String(comparison(a)),
			Period: jsii.Number(a.Every.Seconds()), EvaluationPeriods: jsii.Number(a.Periods), TreatMissingData: jsii.String(missing(a)),
			AlarmActions: tell, OkActions: tell,
		})
	}
}

func dimensions(a plan.Alarm, api *string) *[]any {
	var all []any
	for name, v := range a.Dimensions {
		if v == plan.APIID {
			v = *api
		}
		all = append(all, &awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String(name), Value: jsii.String(v)})
	}
	return &all
}

func comparison(a plan.Alarm) string {
	if a.Below {
		return "LessThanThreshold"
	}
	return "GreaterThanOrEqualToThreshold"
}

// missing says what silence means: that nothing happened.
func missing(a plan.Alarm) string {
	if a.Below {
		return "breaching"
	}
	return "notBreaching"
}
