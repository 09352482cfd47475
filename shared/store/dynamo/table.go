package dynamo

import (
	"context"
	"errors"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Waiting for a new table.
const (
	tableWait    = 2 * time.Minute
	tableMinWait = 20 * time.Millisecond
	tableMaxWait = 2 * time.Second
)

// CreateTable makes the table of package schema, paid per request, and turns
// its expiry on. A table of that name that is there is left as it is, but for
// expiry that was not turned on. It is for local use and tests: a site's table
// also has backups and protection against deletion. store_unavailable.
func CreateTable(ctx context.Context, client *ddb.Client, table string) error {
	if err := createTable(ctx, client, table); err != nil {
		return err
	}
	was, err := client.DescribeTimeToLive(ctx, &ddb.DescribeTimeToLiveInput{TableName: awssdk.String(table)})
	if err != nil {
		return unavailable(table, "reading whether expiry is on", err)
	}
	switch was.TimeToLiveDescription.TimeToLiveStatus {
	case types.TimeToLiveStatusEnabled, types.TimeToLiveStatusEnabling: // turning it on again is a mistake to DynamoDB
		return nil
	case types.TimeToLiveStatusDisabled, types.TimeToLiveStatusDisabling:
	}
	_, err = client.UpdateTimeToLive(ctx, &ddb.UpdateTimeToLiveInput{
		TableName: awssdk.String(table),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: awssdk.String(schema.Table().TTL), Enabled: awssdk.Bool(true),
		},
	})
	return unavailable(table, "turning on expiry", err)
}

func createTable(ctx context.Context, client *ddb.Client, table string) error {
	_, err := client.CreateTable(ctx, tableInput(table))
	if _, there := errors.AsType[*types.ResourceInUseException](err); err != nil && !there {
		return unavailable(table, "making the table", err)
	}
	waiter := ddb.NewTableExistsWaiter(client, func(o *ddb.TableExistsWaiterOptions) {
		o.MinDelay, o.MaxDelay = tableMinWait, tableMaxWait
	})
	err = waiter.Wait(ctx, &ddb.DescribeTableInput{TableName: awssdk.String(table)}, tableWait)
	return unavailable(table, "waiting for the table", err)
}

func tableInput(table string) *ddb.CreateTableInput {
	t := schema.Table()
	in := &ddb.CreateTableInput{
		TableName: awssdk.String(table), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            keySchema(t.PartitionKey, t.SortKey),
		AttributeDefinitions: texts(t.PartitionKey, t.SortKey),
	}
	for _, x := range t.Indexes {
		in.AttributeDefinitions = append(in.AttributeDefinitions, texts(x.PartitionKey, x.SortKey)...)
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: awssdk.String(x.Name), KeySchema: keySchema(x.PartitionKey, x.SortKey),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeAll},
		})
	}
	return in
}

func keySchema(pk, sk string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: awssdk.String(pk), KeyType: types.KeyTypeHash},
		{AttributeName: awssdk.String(sk), KeyType: types.KeyTypeRange},
	}
}

func texts(names ...string) []types.AttributeDefinition {
	out := make([]types.AttributeDefinition, len(names))
	for i, n := range names {
		out[i] = types.AttributeDefinition{AttributeName: awssdk.String(n), AttributeType: types.ScalarAttributeTypeS}
	}
	return out
}
