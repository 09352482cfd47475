package dynamo

import (
	"context"
	"errors"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// refusal is a condition that did not hold, with the item as it is stored;
// nil: none is.
type refusal struct{ item attributes }

func (r *refusal) Error() string { return "the condition does not hold" }

func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// readable reports whether anything can be stored under k: DynamoDB takes a
// look-up by an impossible key for a mistake, a caller for a name that nobody
// has.
func readable(k schema.Key) bool {
	return k.SK != "" && k.Valid() && len(k.PK) <= schema.MaxPartitionKey && len(k.SK) <= schema.MaxSortKey
}

// get reads an item, strongly; nil: none is there.
func (s *Store) get(ctx context.Context, k schema.Key) (attributes, error) {
	if !readable(k) {
		return nil, nil
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	out, err := s.client.GetItem(ctx, &ddb.GetItemInput{TableName: s.table, Key: keyOf(k), ConsistentRead: awssdk.Bool(true)})
	if err != nil {
		return nil, s.unavailable("reading "+k.String(), err)
	}
	return out.Item, nil
}

// read reads the document of an item; false: none is there.
func read[T any](ctx context.Context, s *Store, k schema.Key) (t T, found bool, err error) {
	item, err := s.get(ctx, k)
	if err != nil || item == nil {
		return t, false, err
	}
	t, err = stored[T](item)
	return t, err == nil, s.unavailable("reading "+k.String(), err)
}

// put stores a row under the condition of e. *refusal when it does not hold.
func (s *Store) put(ctx context.Context, r row, e *expression) error {
	r.By = uuid.NewString()
	item, err := attributevalue.MarshalMap(r)
	if err := errors.Join(err, e.err); err != nil {
		return s.unavailable("writing "+r.key().String(), err)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	names, values := e.placeholders()
	_, err = s.client.PutItem(ctx, &ddb.PutItemInput{
		TableName: s.table, Item: item,
		ConditionExpression: e.condition(), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused := refusedBy(err); refused != nil && !refused.own(r.By) {
		return refused
	} else if refused != nil {
		return nil
	}
	return s.unavailable("writing "+r.key().String(), err)
}

// refusedBy returns the refusal that err is, or nil.
func refusedBy(err error) *refusal {
	if c, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return &refusal{item: c.Item}
	}
	return nil
}

// own reports whether the row that refuses a write is that write's own doing:
// its first answer was lost.
func (r *refusal) own(id string) bool {
	by, ok := r.item[attrBy].(*types.AttributeValueMemberS)
	return ok && by.Value == id
}

// update changes a row under the condition of e and returns what returning
// asks for. When the update was done by an attempt whose answer was lost, it
// is the row as it stands. *refusal when the condition does not hold.
func (s *Store) update(ctx context.Context, k schema.Key, e *expression, returning types.ReturnValue) (attributes, error) {
	id := uuid.NewString()
	if e = e.signed(id); e.err != nil {
		return nil, s.unavailable("changing "+k.String(), e.err)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	names, values := e.placeholders()
	out, err := s.client.UpdateItem(ctx, &ddb.UpdateItemInput{
		TableName: s.table, Key: keyOf(k), UpdateExpression: e.update(),
		ConditionExpression: e.condition(), ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValues:                        returning,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused := refusedBy(err); refused != nil {
		if refused.own(id) {
			return refused.item, nil
		}
		return nil, refused
	}
	if err != nil {
		return nil, s.unavailable("changing "+k.String(), err)
	}
	return out.Attributes, nil
}
