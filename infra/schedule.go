package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsscheduler"
	"github.com/aws/jsii-runtime-go"
)

// schedule ticks each minute.
func (s stage) schedule(stack awscdk.Stack) {
	role := s.role(stack, jsii.String("ScheduleRole"), s.Ticker)
	group := awsscheduler.NewCfnScheduleGroup(stack, jsii.String("ScheduleGroup"), &awsscheduler.CfnScheduleGroupProps{
		Name: jsii.String(s.Table.Name),
	})
	for _, t := range s.Ticks {
		tick := awsscheduler.NewCfnSchedule(stack, id(t.Part, "Tick"), &awsscheduler.CfnScheduleProps{
			Name: jsii.String(t.Name), GroupName: group.Ref(),
			ScheduleExpression: jsii.String("rate(1 minute)"),
			FlexibleTimeWindow: &awsscheduler.CfnSchedule_FlexibleTimeWindowProperty{Mode: jsii.String("OFF")},
			Target: &awsscheduler.CfnSchedule_TargetProperty{
				Arn: jsii.String(t.Machine), RoleArn: role.AttrArn(), Input: jsii.String(t.Input),
				RetryPolicy:      &awsscheduler.CfnSchedule_RetryPolicyProperty{MaximumRetryAttempts: jsii.Number(2), MaximumEventAgeInSeconds: jsii.Number(60)},
				DeadLetterConfig: &awsscheduler.CfnSchedule_DeadLetterConfigProperty{Arn: jsii.String(t.Queue)},
			},
		})
		after(stack, tick, machineID(t.Part))
	}
}

// after makes a resource wait for one that it names only in a text.
func after(stack awscdk.Stack, r awscdk.CfnResource, other *string) {
	if o, ok := stack.Node().FindChild(other).(awscdk.CfnResource); ok {
		r.AddDependency(o)
	}
}
