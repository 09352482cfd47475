package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"
)

// table makes the table of package schema and returns the ARN of its stream. It
// is kept when the stack goes, and can be brought back to any second of the last
// 35 days.
func (s stage) table(stack awscdk.Stack) string {
	spec := s.Table.Spec
	keys := [][2]string{{spec.PartitionKey, spec.SortKey}}
	var indexes []any
	for _, x := range spec.Indexes {
		keys = append(keys, [2]string{x.PartitionKey, x.SortKey})
		indexes = append(indexes, &awsdynamodb.CfnTable_GlobalSecondaryIndexProperty{
			IndexName: jsii.String(x.Name), KeySchema: keySchema(x.PartitionKey, x.SortKey),
			Projection: &awsdynamodb.CfnTable_ProjectionProperty{ProjectionType: jsii.String("ALL")},
		})
	}
	table := awsdynamodb.NewCfnTable(stack, jsii.String("Table"), &awsdynamodb.CfnTableProps{
		TableName:              jsii.String(s.Table.Name),
		BillingMode:            jsii.String("PAY_PER_REQUEST"),
		KeySchema:              keySchema(spec.PartitionKey, spec.SortKey),
		AttributeDefinitions:   texts(keys),
		GlobalSecondaryIndexes: &indexes,
		TimeToLiveSpecification: &awsdynamodb.CfnTable_TimeToLiveSpecificationProperty{
			AttributeName: jsii.String(spec.TTL), Enabled: jsii.Bool(true),
		},
		StreamSpecification:              &awsdynamodb.CfnTable_StreamSpecificationProperty{StreamViewType: jsii.String("NEW_IMAGE")},
		PointInTimeRecoverySpecification: &awsdynamodb.CfnTable_PointInTimeRecoverySpecificationProperty{PointInTimeRecoveryEnabled: jsii.Bool(true)},
		DeletionProtectionEnabled:        jsii.Bool(true),
		SseSpecification:                 encryption(s.Table.Key),
	})
	table.ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN, nil)
	return *table.AttrStreamArn()
}

func keySchema(partition, sort string) *[]any {
	return &[]any{
		&awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: jsii.String(partition), KeyType: jsii.String("HASH")},
		&awsdynamodb.CfnTable_KeySchemaProperty{AttributeName: jsii.String(sort), KeyType: jsii.String("RANGE")},
	}
}

func texts(keys [][2]string) *[]any {
	var all []any
	for _, pair := range keys {
		for _, name := range pair {
			all = append(all, &awsdynamodb.CfnTable_AttributeDefinitionProperty{AttributeName: jsii.String(name), AttributeType: jsii.String("S")})
		}
	}
	return &all
}

// encryption is by a key that DynamoDB owns unless the site has one of its own.
func encryption(key string) any {
	if key == "" {
		return nil
	}
	return &awsdynamodb.CfnTable_SSESpecificationProperty{
		SseEnabled: jsii.Bool(true), SseType: jsii.String("KMS"), KmsMasterKeyId: jsii.String(key),
	}
}
