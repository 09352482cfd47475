package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
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
	rows, err := s.read[q].QueryContext(ctx, args...)
	if err != nil {
		return nil, unavailable("reading", err)
	}
	items, err := scan(rows)
	return items, unavailable("reading", err)
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
