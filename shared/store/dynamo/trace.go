package dynamo

import (
	"context"
	"errors"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// client is DynamoDB's, with the calls that a store makes told to who asked for
// them.
type client struct{ *ddb.Client }

type options = func(*ddb.Options)

func (c client) GetItem(ctx context.Context, in *ddb.GetItemInput, o ...options) (*ddb.GetItemOutput, error) {
	return told(ctx, at("GetItem", in.Key), in, c.Client.GetItem, o)
}

func (c client) PutItem(ctx context.Context, in *ddb.PutItemInput, o ...options) (*ddb.PutItemOutput, error) {
	return told(ctx, at("PutItem", in.Item), in, c.Client.PutItem, o)
}

func (c client) UpdateItem(ctx context.Context, in *ddb.UpdateItemInput, o ...options) (*ddb.UpdateItemOutput, error) {
	return told(ctx, at("UpdateItem", in.Key), in, c.Client.UpdateItem, o)
}

func (c client) Query(ctx context.Context, in *ddb.QueryInput, o ...options) (*ddb.QueryOutput, error) {
	return told(ctx, target{name: "Query", pk: in.ExpressionAttributeValues[":0"]}, in, c.Client.Query, o)
}

func (c client) BatchGetItem(ctx context.Context, in *ddb.BatchGetItemInput, o ...options) (*ddb.BatchGetItemOutput, error) {
	p := target{name: "BatchGetItem"}
	for _, t := range in.RequestItems {
		p.items += len(t.Keys)
	}
	return told(ctx, p, in, c.Client.BatchGetItem, o)
}

func (c client) TransactWriteItems(ctx context.Context, in *ddb.TransactWriteItemsInput, o ...options) (*ddb.TransactWriteItemsOutput, error) {
	p := target{name: "TransactWriteItems", items: len(in.TransactItems)}
	return told(ctx, p, in, c.Client.TransactWriteItems, o)
}

// target is what a call is about.
type target struct {
	name   string // of the call
	pk, sk types.AttributeValue
	items  int
}

func at(name string, key attributes) target { return target{name: name, pk: key["pk"], sk: key["sk"]} }

// told makes a call and tells of it. How often it was tried is not told: that
// is the SDK's.
func told[In, Out any](ctx context.Context, p target, in *In, call func(context.Context, *In, ...options) (*Out, error), o []options) (*Out, error) {
	t := trace.StoreCall(ctx, p.name)
	if t == nil {
		return call(ctx, in, o...)
	}
	t.On(word(p.pk), word(p.sk))
	t.Items(p.items)
	out, err := call(ctx, in, o...)
	t.End(outcome(err))
	return out, err
}

func word(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// outcome is a failure in a word; "": there is none.
func outcome(err error) string {
	_, cancelled := errors.AsType[*types.TransactionCanceledException](err)
	switch {
	case err == nil:
		return ""
	case cancelled || refusedBy(err) != nil:
		return string(fault.Conflict)
	}
	return string(fault.StoreUnavailable)
}
