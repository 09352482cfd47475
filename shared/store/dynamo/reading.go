package dynamo

import (
	"context"
	"errors"
	"slices"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// everything is the limit of a query that has none.
const everything = -1

// query asks for one partition of the table or of an index.
type query struct {
	index  string // "": the table
	pk     string
	op, sk string // condition on the sort key: >, >=, <, <=; "", prefix or between
	below  string // the upper end of between, which is in it
	limit  int
	newest bool // from the highest sort key down
	hint   bool // may be a little old; an index always is
}

// prefix asks for sort keys that begin with something.
const prefix = "begins_with"

// between asks for sort keys from one to another, both included.
const between = "between"

func (q query) keys() (pk, sk string) {
	t := schema.Table()
	for _, x := range t.Indexes {
		if x.Name == q.index {
			return x.PartitionKey, x.SortKey
		}
	}
	return t.PartitionKey, t.SortKey
}

func (q query) condition(e *expression) string {
	pk, sk := q.keys()
	c := e.compare(pk, "=", q.pk)
	switch q.op {
	case "":
		return c
	case prefix:
		return c + " AND begins_with(" + e.name(sk) + ", " + e.value(q.sk) + ")"
	case between:
		return c + " AND " + e.name(sk) + " BETWEEN " + e.value(q.sk) + " AND " + e.value(q.below)
	default:
		return c + " AND " + e.compare(sk, q.op, q.sk)
	}
}

func (s *Store) input(q query) *ddb.QueryInput {
	e := newExpression()
	in := &ddb.QueryInput{
		TableName: s.table, KeyConditionExpression: awssdk.String(q.condition(e)),
		ScanIndexForward: awssdk.Bool(!q.newest), ConsistentRead: awssdk.Bool(q.index == "" && !q.hint),
	}
	if q.index != "" {
		in.IndexName = awssdk.String(q.index)
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = e.placeholders()
	return in
}

// ask runs a query to its end or its limit.
func (s *Store) ask(ctx context.Context, q query) ([]attributes, error) {
	var items []attributes
	in := s.input(q)
	for q.limit == everything || len(items) < q.limit {
		if q.limit != everything {
			in.Limit = awssdk.Int32(int32(min(q.limit-len(items), maxQuery))) //nolint:gosec // G115: at most maxQuery
		}
		out, err := s.page(ctx, in)
		if err != nil {
			return nil, s.unavailable("reading "+q.pk, err)
		}
		items = append(items, out.Items...)
		if len(out.LastEvaluatedKey) == 0 {
			break
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
	return items, nil
}

// maxQuery bounds one page of a query; DynamoDB ends it at 1 MiB anyway.
const maxQuery = 1000

func (s *Store) page(ctx context.Context, in *ddb.QueryInput) (*ddb.QueryOutput, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	return s.client.Query(ctx, in)
}

// rows runs a query and parses what it finds.
func (s *Store) rows(ctx context.Context, q query) ([]row, error) {
	items, err := s.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	rows, err := parseRows(items)
	return rows, s.unavailable("reading "+q.pk, err)
}

// all runs a query and reads the documents that it finds.
func all[T any](ctx context.Context, s *Store, q query) ([]T, error) {
	rows, err := s.rows(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]T, len(rows))
	for i, r := range rows {
		if out[i], err = decode[T](r); err != nil {
			return nil, s.unavailable("reading "+q.pk, err)
		}
	}
	return out, nil
}

// maxBatch is how many items one BatchGetItem takes.
const maxBatch = 100

// getAll reads those of the items that are there, strongly, in no order. keys
// are distinct.
func (s *Store) getAll(ctx context.Context, keys []schema.Key) ([]row, error) {
	keys = slices.DeleteFunc(slices.Clone(keys), func(k schema.Key) bool { return !readable(k) })
	var items []attributes
	for some := range slices.Chunk(keys, maxBatch) {
		got, err := s.batch(ctx, some)
		if err != nil {
			return nil, s.unavailable("reading "+some[0].String()+" and others", err)
		}
		items = append(items, got...)
	}
	rows, err := parseRows(items)
	return rows, s.unavailable("reading items", err)
}

// batch asks again for what DynamoDB left unprocessed, within the time of one
// call. The SDK does not: to it that is a success.
func (s *Store) batch(ctx context.Context, keys []schema.Key) (items []attributes, err error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	left := map[string]types.KeysAndAttributes{*s.table: {ConsistentRead: awssdk.Bool(true)}}
	part := left[*s.table]
	for _, k := range keys {
		part.Keys = append(part.Keys, keyOf(k))
	}
	left[*s.table] = part
	for attempt := 1; ; attempt++ {
		out, err := s.client.BatchGetItem(ctx, &ddb.BatchGetItemInput{RequestItems: left})
		if err != nil {
			return nil, err
		}
		items = append(items, out.Responses[*s.table]...)
		if left = out.UnprocessedKeys; len(left) == 0 {
			return items, nil
		}
		if err := s.wait(ctx, attempt); err != nil {
			return nil, err
		}
	}
}

var errLeft = errors.New("items were left unprocessed again and again")

func (s *Store) wait(ctx context.Context, attempt int) error {
	if attempt >= s.pause.MaxAttempts() {
		return errLeft
	}
	d, err := s.pause.RetryDelay(attempt, errLeft)
	if err != nil {
		return err
	}
	return smithytime.SleepWithContext(ctx, d)
}
