package meter_test

import (
	"context"
	"net/http/httptest"
	"os"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
	"github.com/openhostfactory/ohfp/shared/store/dynamo/meter"
)

const endpointVariable = "AWS_ENDPOINT_URL_DYNAMODB"

func client(endpoint string) *ddb.Client {
	keys := awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})
	return ddb.New(ddb.Options{Region: "us-east-1", BaseEndpoint: awssdk.String(endpoint), Credentials: keys})
}

func str(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }

type attributes = map[string]types.AttributeValue

func row(sk string, more ...int) attributes {
	a := attributes{"pk": str("P"), "sk": str(sk)}
	for _, n := range more {
		a["doc"] = str(long(n))
	}
	return a
}

func indexed(a attributes) attributes {
	a["list_pk"], a["list_sk"] = str("L"), str("1")
	return a
}

// TestMeter_before_DynamoDB_Local sends what the SDK sends, and holds the
// units to those that the Developer Guide gives for such items.
func TestMeter_before_DynamoDB_Local(t *testing.T) {
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Skip("NOT TESTED: the meter before DynamoDB Local, because " + endpointVariable + " is not set. Run `make test-dynamodb`: it starts DynamoDB Local.")
	}
	m, err := meter.New(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(m)
	t.Cleanup(door.Close)
	c, table := client(door.URL), awssdk.String("ohfp-test-"+uuid.NewString())
	if err := dynamo.CreateTable(t.Context(), c, *table); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteTable(context.Background(), &ddb.DeleteTableInput{TableName: table}); err != nil {
			t.Error(err)
		}
	})
	m.Take()
	for _, s := range []struct {
		name string
		do   func(context.Context) error
		want meter.Call
	}{
		{"a put of 1.5 KB into an index", func(ctx context.Context) error {
			_, err := c.PutItem(ctx, &ddb.PutItemInput{TableName: table, Item: indexed(row("1", 1500))})
			return err
		}, meter.Call{Action: "PutItem", Writes: []string{"P/1"}, WriteUnits: 2 + 2}},
		{"a transaction of 1.5 KB, a small item and a check", func(ctx context.Context) error {
			_, err := c.TransactWriteItems(ctx, &ddb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: table, Item: row("2", 1500)}},
				{Put: &types.Put{TableName: table, Item: row("3", 1)}},
				{ConditionCheck: &types.ConditionCheck{TableName: table, Key: row("4"), ConditionExpression: awssdk.String("attribute_not_exists(pk)")}},
			}})
			return err
		}, meter.Call{Action: "TransactWriteItems", Writes: []string{"P/2", "P/3"}, Checks: []string{"P/4"}, WriteUnits: 2*2 + 2*1 + 2*1}},
		{"a refused put", func(ctx context.Context) error {
			_, err := c.PutItem(ctx, &ddb.PutItemInput{
				TableName: table, Item: row("1", 10), ConditionExpression: awssdk.String("attribute_not_exists(pk)"),
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			})
			if err == nil {
				t.Error("it was not refused")
			}
			return nil
		}, meter.Call{Action: "PutItem", Writes: []string{"P/1"}, Refused: true, WriteUnits: 2}},
		{"a strong query of 3 KB", func(ctx context.Context) error {
			out, err := c.Query(ctx, &ddb.QueryInput{
				TableName: table, KeyConditionExpression: awssdk.String("pk = :0"), ConsistentRead: awssdk.Bool(true),
				ExpressionAttributeValues: attributes{":0": str("P")},
			})
			if err == nil && len(out.Items) != 3 {
				t.Errorf("it found %d", len(out.Items))
			}
			return err
		}, meter.Call{Action: "Query", Reads: []string{"P/"}, Found: 3, ReadUnits: 1}},
		{"a batch of one that is there and one that is not", func(ctx context.Context) error {
			_, err := c.BatchGetItem(ctx, &ddb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				*table: {Keys: []attributes{row("1"), row("4")}, ConsistentRead: awssdk.Bool(true)},
			}})
			return err
		}, meter.Call{Action: "BatchGetItem", Reads: []string{"P/1", "P/4"}, Found: 1, ReadUnits: 2}},
		{"a transaction of two small items into an index", func(ctx context.Context) error {
			_, err := c.TransactWriteItems(ctx, &ddb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Put: &types.Put{TableName: table, Item: indexed(row("5", 1))}},
				{Put: &types.Put{TableName: table, Item: indexed(row("6", 1))}},
			}})
			return err
		}, meter.Call{Action: "TransactWriteItems", Writes: []string{"P/5", "P/6"}, WriteUnits: 2 * (1 + 1 + 1 + 1)}},
	} {
		if err := s.do(t.Context()); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if diff := cmp.Diff([]meter.Call{s.want}, m.Take()); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", s.name, diff)
		}
	}
}
