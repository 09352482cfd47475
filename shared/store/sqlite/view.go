package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// view is the table as one verb sees it inside its transaction.
type view struct {
	c      *connection
	kept   schema.Retention
	seen   []seenItem
	failed error // what the database said; then the verb's own result is void
}

type seenItem struct {
	schema.Item
	ttl   int64
	found bool
}

// get returns an item; false: none is there.
func (v *view) get(k schema.Key) (schema.Item, bool) {
	it := seenItem{Item: schema.Item{Key: k}}
	var openPK, openSK, listPK, listSK sql.NullString
	var ttl sql.NullInt64
	err := v.c.stmts[sqlGet].QueryRowContext(context.Background(), k.PK, k.SK).Scan(&it.Doc, &openPK, &openSK, &listPK, &listSK, &ttl)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		v.failed = err
		return schema.Item{}, false
	}
	it.found = err == nil
	it.Open, it.List = schema.Key{PK: openPK.String, SK: openSK.String}, schema.Key{PK: listPK.String, SK: listSK.String}
	it.ttl = ttl.Int64
	v.seen = append(v.seen, it)
	return it.Item, it.found
}

// first returns the keys of the first n items of a partition.
func (v *view) first(pk string, n int) []schema.Key {
	rows, err := v.c.stmts[sqlAfter].QueryContext(context.Background(), pk, "", n)
	if err != nil {
		v.failed = err
		return nil
	}
	items, err := scan(rows)
	if err != nil {
		v.failed = err
	}
	keys := make([]schema.Key, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	return keys
}

// lookUp reads the document of k; false: none is there.
func lookUp[T any](v *view, k schema.Key) (t T, found bool, err error) {
	it, found := v.get(k)
	if found {
		t, err = schema.Decode[T](it)
	}
	return t, found, err
}

// apply writes a change.
func (v *view) apply(c schema.Change) error {
	for _, it := range c.Put {
		if err := v.put(it); err != nil {
			return err
		}
	}
	for _, k := range c.Delete {
		if _, err := v.c.stmts[sqlDelete].ExecContext(context.Background(), k.PK, k.SK); err != nil {
			return err
		}
	}
	return nil
}

// put writes an item with the cheapest statement for what is there: an index
// is touched only when its columns change.
func (v *view) put(it schema.Item) error {
	was := v.lastSeen(it.Key)
	if v.failed != nil {
		return v.failed
	}
	var err error
	switch {
	case !was.found:
		_, err = v.c.stmts[sqlInsert].ExecContext(context.Background(), columns(it)...)
	case was.Open == it.Open && was.List == it.List && was.ttl == it.TTL():
		_, err = v.c.stmts[sqlUpdateDoc].ExecContext(context.Background(), it.PK, it.SK, it.Doc)
	default:
		_, err = v.c.stmts[sqlUpdate].ExecContext(context.Background(), columns(it)...)
	}
	return err
}

// lastSeen returns what the verb read at k, and reads it if it did not.
func (v *view) lastSeen(k schema.Key) seenItem {
	for _, s := range v.seen {
		if s.Key == k {
			return s
		}
	}
	if v.get(k); v.failed != nil {
		return seenItem{}
	}
	return v.seen[len(v.seen)-1]
}

func columns(it schema.Item) []any {
	return []any{
		it.PK, it.SK, it.Doc,
		orNull(it.Open.PK), orNull(it.Open.SK), orNull(it.List.PK), orNull(it.List.SK),
		sql.NullInt64{Int64: it.TTL(), Valid: !it.Expires.IsZero()},
	}
}

func orNull(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }

// change has a verb carried out on the connection that its durability asks for.
func (s *Store) change(ctx context.Context, verb string, do work) error {
	return s.changeAs(ctx, verb, s.durable[verb], do)
}

// changeAs is change for a verb whose durability depends on what it is given.
func (s *Store) changeAs(ctx context.Context, verb string, durable bool, do work) error {
	j := &job{ctx: ctx, do: do, done: func(c schema.Change) { s.changed(verb, c) }}
	return verdict(verb, s.writer.submit(j, durable))
}
