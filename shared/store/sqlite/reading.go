package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/shared/trace"
)

// verdict passes what a verb decided, and makes a store_unavailable of the
// rest.
func verdict(verb string, err error) error {
	if _, ok := errors.AsType[*broker.Conflict](err); ok {
		return err
	}
	return unavailable("carrying out "+verb, err)
}

// scan reads all rows of a query that selects pk, sk and doc, and closes it.
func scan(rows *sql.Rows) (items []schema.Item, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var it schema.Item
		if err := rows.Scan(&it.PK, &it.SK, &it.Doc); err != nil {
			return nil, err
		}
		items = append(items, it)
	}
	return items, rows.Err()
}

// query runs one of the reading statements.
func (s *Store) query(ctx context.Context, q string, args ...any) ([]schema.Item, error) {
	told := trace.StoreCall(ctx, reading)
	rows, err := s.read[q].QueryContext(ctx, args...)
	var items []schema.Item
	if err == nil {
		items, err = scan(rows)
	}
	err = unavailable(reading, err)
	told.On(argument(args, 0), argument(args, 1))
	told.Items(len(items))
	told.End(outcome(err))
	return items, err
}

const reading = "reading"

// argument is one of a statement's, where it is text.
func argument(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	if s, ok := args[i].(string); ok {
		return s
	}
	return ""
}

// outcome is a failure in a word, for who asked for the calls; "": there is
// none.
func outcome(err error) string {
	if err == nil {
		return ""
	}
	if _, ok := errors.AsType[*broker.Conflict](err); ok {
		return string(fault.Conflict)
	}
	return string(fault.As(err).Code)
}

// readOne reads the document of one item; false: none is there.
func readOne[T any](ctx context.Context, s *Store, k schema.Key) (t T, found bool, err error) {
	items, err := s.query(ctx, sqlRead, k.PK, k.SK)
	if err != nil || len(items) == 0 {
		return t, false, err
	}
	t, err = schema.Decode[T](items[0])
	return t, true, unavailable("reading", err)
}

// decodeAll reads the documents of items.
func decodeAll[T any](items []schema.Item) ([]T, error) {
	out := make([]T, 0, len(items))
	for _, it := range items {
		v, err := schema.Decode[T](it)
		if err != nil {
			return nil, unavailable("reading", err)
		}
		out = append(out, v)
	}
	return out, nil
}
