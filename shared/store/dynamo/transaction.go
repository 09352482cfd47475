package dynamo

import (
	"context"
	"errors"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// write is one item of a transaction. Exactly one of row, change, gone, seen,
// event and audit says what happens; when the condition of e does not hold, refused makes
// the transaction's error of the item as stored (nil: none is).
type write struct {
	row     *row               // put
	change  *schema.Key        // update by e
	gone    *schema.Key        // delete
	seen    *schema.Key        // nothing: only the condition
	event   *broker.Event      // put under an id that it gets when it is sent
	audit   *broker.AuditEvent // likewise
	e       *expression        // nil: no condition
	refused func(item attributes) error
}

func putting(r row) write         { return write{row: &r} }
func deleting(k schema.Key) write { return write{gone: &k} }
func telling(events []broker.Event) []write {
	out := make([]write, len(events))
	for i := range events {
		out[i].event = &events[i]
	}
	return out
}

func auditing(entries []broker.AuditEvent) []write {
	out := make([]write, len(entries))
	for i := range entries {
		out[i].audit = &entries[i]
	}
	return out
}
func puttingItem(it schema.Item) write { return putting(rowOf(it)) }

// replacing puts an item in the place of one of a version (0: none), as the next
// one. *Conflict with the T that is stored, the zero one when there is none.
func replacing[T any](s *Store, it schema.Item, seen int64, what string) write {
	version := seen + 1
	w := puttingItem(it)
	w.row.Version, w.e = &version, versioned(seen)
	w.refused = func(item attributes) error {
		now, err := stored[T](item)
		if err != nil {
			return s.unavailable("reading "+it.Key.String(), err)
		}
		return conflict(now, "%s", what)
	}
	return w
}

// writing makes writes without conditions of a change.
func writing(c schema.Change) []write {
	out := make([]write, 0, c.Len())
	for _, it := range c.Put {
		out = append(out, puttingItem(it))
	}
	for _, k := range c.Delete {
		out = append(out, deleting(k))
	}
	return append(append(out, telling(c.Events)...), auditing(c.Audits)...)
}

// change is what writes amount to, for its size.
func change(writes []write) (c schema.Change) {
	for _, w := range writes {
		switch {
		case w.row != nil:
			c.Put = append(c.Put, w.row.item())
		case w.change != nil:
			c.Delete = append(c.Delete, *w.change)
		case w.gone != nil:
			c.Delete = append(c.Delete, *w.gone)
		case w.event != nil:
			c.Events = append(c.Events, *w.event)
		case w.audit != nil:
			c.Audits = append(c.Audits, *w.audit)
		default:
			c.Delete = append(c.Delete, *w.seen)
		}
	}
	return c
}

// transact carries all writes out or none. Its token makes it happen once,
// however often it is sent. When conditions fail, the error is what the first
// of them makes of its item.
func (s *Store) transact(ctx context.Context, doing string, writes []write) error {
	if len(writes) == 0 {
		return nil
	}
	c := change(writes)
	if err := c.Check(); err != nil {
		return err
	}
	ctx, cancel := s.bounded(ctx) // before events get their ids: readers wait for so long
	defer cancel()
	writes, err := s.told(ctx, writes)
	if err != nil {
		return s.unavailable(doing, err)
	}
	token := uuid.NewString()
	in := &ddb.TransactWriteItemsInput{ClientRequestToken: awssdk.String(token)}
	for _, w := range writes {
		item, err := w.item(s.table, token)
		if err != nil {
			return s.unavailable(doing, err)
		}
		in.TransactItems = append(in.TransactItems, item)
	}
	_, err = s.client.TransactWriteItems(ctx, in)
	if cancelled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		if refused := firstRefused(cancelled, writes); refused != nil {
			return refused
		}
	}
	return s.unavailable(doing, err)
}

// firstRefused returns the error of the first write whose condition failed.
func firstRefused(c *types.TransactionCanceledException, writes []write) error {
	for i, r := range c.CancellationReasons {
		if awssdk.ToString(r.Code) == reasonCondition && i < len(writes) && writes[i].refused != nil {
			return writes[i].refused(r.Item)
		}
	}
	return nil
}

func (w write) item(table *string, id string) (t types.TransactWriteItem, err error) {
	e := w.e
	if e == nil {
		e = newExpression()
	}
	if w.change != nil {
		e.set(attrBy, id)
	}
	names, values := e.placeholders()
	const allOld = types.ReturnValuesOnConditionCheckFailureAllOld
	switch {
	case w.row != nil:
		r := *w.row
		r.By = id
		var item attributes
		item, err = attributevalue.MarshalMap(r)
		t.Put = &types.Put{
			TableName: table, Item: item, ConditionExpression: e.condition(),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
		}
	case w.change != nil:
		t.Update = &types.Update{
			TableName: table, Key: keyOf(*w.change), UpdateExpression: e.update(), ConditionExpression: e.condition(),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
		}
	case w.gone != nil:
		t.Delete = &types.Delete{
			TableName: table, Key: keyOf(*w.gone), ConditionExpression: e.condition(),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
		}
	default:
		t.ConditionCheck = &types.ConditionCheck{
			TableName: table, Key: keyOf(*w.seen), ConditionExpression: e.condition(),
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
		}
	}
	return t, errors.Join(err, e.err)
}
