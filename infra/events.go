package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awspipes"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// events makes what tells, and what is told of machines: the queues for what
// could not be delivered, the bus with its archive, the outbox from the table's
// stream to it, and the rules on what EC2 says.
func (s stage) events(stack awscdk.Stack, stream string) {
	for _, q := range s.Queues {
		s.queue(stack, q)
	}
	bus := s.bus(stack)
	s.outbox(stack, stream)
	s.notices(stack, plan.Account, nil)
	s.notices(stack, plan.Forwarded, bus.Ref())
}

func (s stage) queue(stack awscdk.Stack, q plan.Queue) {
	props := &awssqs.CfnQueueProps{QueueName: jsii.String(q.Name), MessageRetentionPeriod: jsii.Number(q.Kept.Seconds())}
	if s.Config.Key != "" {
		props.KmsMasterKeyId = jsii.String(s.Config.Key)
	} else {
		props.SqsManagedSseEnabled = jsii.Bool(true)
	}
	queue := awssqs.NewCfnQueue(stack, id(q.Part, "Queue"), props)
	statements := []any{map[string]any{
		"Sid": "EncryptedOnTheWay", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": q.ARN,
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}}
	if len(q.Rules) > 0 {
		statements = append(statements, map[string]any{
			"Sid": "Keep", "Effect": "Allow", "Principal": map[string]any{"Service": q.From}, "Action": "sqs:SendMessage", "Resource": q.ARN,
			"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": q.Rules}},
		})
	}
	suppress(queue, "AwsSolutions-SQS3", "It is itself where others leave what they could not deliver.")
	awssqs.NewCfnQueuePolicy(stack, id(q.Part, "QueuePolicy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{queue.Ref()}, PolicyDocument: document(statements...),
	})
}

func (s stage) bus(stack awscdk.Stack) awsevents.CfnEventBus {
	bus := awsevents.NewCfnEventBus(stack, jsii.String("Bus"), &awsevents.CfnEventBusProps{
		Name: jsii.String(s.Bus.Name), Description: jsii.String("What the broker tells, and what other accounts tell it of machines."),
	})
	awsevents.NewCfnArchive(stack, jsii.String("Archive"), &awsevents.CfnArchiveProps{
		ArchiveName: jsii.String(s.Bus.Name), SourceArn: bus.AttrArn(), RetentionDays: jsii.Number(s.Bus.ArchiveDays),
		EventPattern: map[string]any{"source": []any{"ohfp"}},
	})
	if accepts := s.accepts(); accepts != nil {
		awsevents.NewCfnEventBusPolicy(stack, jsii.String("BusPolicy"), &awsevents.CfnEventBusPolicyProps{
			EventBusName: bus.Ref(), StatementId: jsii.String("Forwarded"), Statement: accepts,
		})
	}
	return bus
}

// accepts lets other accounts put events of EC2 on the bus: those of the
// organisation, else those of the providers; nil: none.
func (s stage) accepts() map[string]any {
	from := map[string]any{"StringEquals": map[string]any{"events:source": s.Bus.Notices.Source}}
	principal := any("*")
	switch {
	case s.Bus.Organization != "":
		from["StringEquals"] = map[string]any{"events:source": s.Bus.Notices.Source, "aws:PrincipalOrgID": s.Bus.Organization}
	case len(s.Bus.Accounts) > 0:
		principal = map[string]any{"AWS": s.Bus.Accounts}
	default:
		return nil
	}
	return map[string]any{
		"Sid": "Forwarded", "Effect": "Allow", "Principal": principal, "Action": "events:PutEvents", "Resource": s.Bus.ARN, "Condition": from,
	}
}

// outbox reads the stream from its beginning: a row that was stored while there
// was no outbox is told late, not never.
func (s stage) outbox(stack awscdk.Stack, stream string) {
	o := s.Outbox
	o.Role.Statements = append(o.Role.Statements, plan.Statement{
		Sid: "Read", Resources: []string{stream},
		Actions: []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"},
	})
	role := s.role(stack, jsii.String("OutboxRole"), o.Role)
	pipe := awspipes.NewCfnPipe(stack, jsii.String("Outbox"), &awspipes.CfnPipeProps{
		Name: jsii.String(o.Name), Description: jsii.String("Rows of events, from the table's stream to the workflow that tells them."),
		RoleArn: role.AttrArn(), Source: jsii.String(stream), Target: jsii.String(o.Machine),
		SourceParameters: &awspipes.CfnPipe_PipeSourceParametersProperty{
			FilterCriteria: &awspipes.CfnPipe_FilterCriteriaProperty{Filters: &[]any{&awspipes.CfnPipe_FilterProperty{Pattern: jsii.String(o.Filter)}}},
			DynamoDbStreamParameters: &awspipes.CfnPipe_PipeSourceDynamoDBStreamParametersProperty{
				StartingPosition: jsii.String("TRIM_HORIZON"), BatchSize: jsii.Number(o.Batch),
				MaximumRetryAttempts: jsii.Number(o.Retries), MaximumRecordAgeInSeconds: jsii.Number(o.MaxAge.Seconds()),
				DeadLetterConfig: &awspipes.CfnPipe_DeadLetterConfigProperty{Arn: jsii.String(o.Queue)},
			},
		},
		TargetParameters: &awspipes.CfnPipe_PipeTargetParametersProperty{
			StepFunctionStateMachineParameters: &awspipes.CfnPipe_PipeTargetStateMachineParametersProperty{InvocationType: jsii.String("REQUEST_RESPONSE")},
		},
	})
	after(stack, pipe, machineID(plan.Teller))
	after(stack, pipe, id(plan.Untold, "Queue"))
}

// notices takes what EC2 says of machines from a bus to the function that
// records it; nil is the account's own bus.
func (s stage) notices(stack awscdk.Stack, where string, bus *string) {
	n := s.Bus.Notices
	props := &awsevents.CfnRuleProps{
		Name: jsii.String(n.RuleName(where)), Description: jsii.String("What EC2 says of machines by itself."),
		EventPattern: map[string]any{"source": []any{n.Source}, "detail-type": n.DetailTypes},
		Targets: &[]any{&awsevents.CfnRule_TargetProperty{
			Id: jsii.String("record"), Arn: jsii.String(n.Function),
			DeadLetterConfig: &awsevents.CfnRule_DeadLetterConfigProperty{Arn: jsii.String(n.Queue)},
		}},
	}
	if bus != nil {
		props.EventBusName = bus
	}
	rule := awsevents.NewCfnRule(stack, jsii.String(where+"Notices"), props)
	permission := awslambda.NewCfnPermission(stack, jsii.String(where+"NoticesPermission"), &awslambda.CfnPermissionProps{
		FunctionName: jsii.String(n.Function), Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("events.amazonaws.com"), SourceArn: rule.AttrArn(),
	})
	after(stack, permission, id(n.Folder, "Function"))
}
