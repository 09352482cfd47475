package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsstepfunctions"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// machines makes the workflows, of the text of their definitions: no construct
// of CDK adds a state, a retry or a right.
func (s stage) machines(stack awscdk.Stack) {
	for _, m := range s.Machines {
		s.machine(stack, m)
	}
}

// machine logs errors, and never what an execution was given.
func (s stage) machine(stack awscdk.Stack, m plan.Machine) {
	role := s.role(stack, id(m.Part, "FlowRole"), m.Role)
	logs := s.logs(stack, id(m.Part, "FlowLogs"), m.LogGroup)
	machine := awsstepfunctions.NewCfnStateMachine(stack, machineID(m.Part), &awsstepfunctions.CfnStateMachineProps{
		StateMachineName: jsii.String(m.Name),
		StateMachineType: jsii.String(m.Type),
		DefinitionString: jsii.String(m.Definition),
		RoleArn:          role.AttrArn(),
		LoggingConfiguration: &awsstepfunctions.CfnStateMachine_LoggingConfigurationProperty{
			Level: jsii.String("ERROR"), IncludeExecutionData: jsii.Bool(false),
			Destinations: &[]any{&awsstepfunctions.CfnStateMachine_LogDestinationProperty{
				CloudWatchLogsLogGroup: &awsstepfunctions.CfnStateMachine_CloudWatchLogsLogGroupProperty{LogGroupArn: logs.AttrArn()},
			}},
		},
		TracingConfiguration: &awsstepfunctions.CfnStateMachine_TracingConfigurationProperty{Enabled: jsii.Bool(s.Config.Tracing)},
	})
	suppress(machine, "AwsSolutions-SF1", "Operations have their history in the ledger; a line for each state would cost more than the states.")
	if !s.Config.Tracing {
		suppress(machine, "AwsSolutions-SF2", "A site turns tracing on by its context.")
	}
}

func machineID(part string) *string { return id(part, "Flow") }
