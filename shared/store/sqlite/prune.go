package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// prune is the name of what deletes expired rows: no verb of a port, for where
// rows expire by themselves there is nothing to do.
const prune = "Prune"

// Bounds of one deletion. It holds the writer for some milliseconds at most.
const (
	prunedAtOnce = 90  // rows that have expired
	shrunkAtOnce = 256 // pages
)

// Prune deletes what has expired by the store's clock, at most limit rows and
// in small transactions between which verbs are carried out, and returns how
// many it deleted. Less than limit: nothing is left that has expired. What is
// open, and a machine that is not final, never expires. A power cut may bring
// rows back, which nobody sees: they have expired all the same.
//
// The space of deleted rows is used again. When they leave more than a quarter
// of the file unused, some of that is given back with each transaction.
func (s *Store) Prune(ctx context.Context, limit int) (int, error) {
	total := 0
	for total < limit {
		n := 0
		err := s.change(ctx, prune, func(v *view) (c schema.Change, err error) {
			c, err = v.expired(schema.TTLOf(s.now()), min(limit-total, prunedAtOnce))
			if n = len(c.Delete); n > 0 && err == nil {
				err = v.shrink()
			}
			return c, err
		})
		if err != nil || n == 0 {
			return total, err
		}
		total += n
	}
	return total, nil
}

// ended is a row that has expired.
type ended struct {
	key  schema.Key
	list sql.NullString // partition of the list index
}

// expired is the deletion of rows that have expired by now, with what belongs
// to them: the other rows of an operation, and the mark of a day of which
// nothing is left. An operation that does not fit is begun with its other rows;
// its own goes last.
func (v *view) expired(now int64, limit int) (c schema.Change, err error) {
	rows, err := v.endedRows(now, limit)
	if err != nil {
		return c, err
	}
	days := map[string]bool{}
	for _, r := range rows {
		keys := []schema.Key{r.key}
		if schema.IsOperation(r.key) {
			keys = append(v.others(r.key), r.key)
		}
		if room := schema.MaxGroup - len(c.Delete) - len(days); len(keys) >= room { // with a mark
			c.Delete = append(c.Delete, keys[:max(0, min(room, len(keys)-1))]...)
			break
		}
		c.Delete = append(c.Delete, keys...)
		days[r.list.String] = days[r.list.String] || r.list.Valid
	}
	for day, listed := range days {
		if mark, empty := v.emptied(day, c.Delete); listed && empty {
			c.Delete = append(c.Delete, mark)
		}
	}
	return c, v.failed
}

func (v *view) endedRows(now int64, limit int) (out []ended, err error) {
	rows, err := v.c.stmts[sqlExpired].QueryContext(context.Background(), now, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r ended
		if err := rows.Scan(&r.key.PK, &r.key.SK, &r.list); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// others are the rows of an operation beside its own. It has no more of them
// than can be looked at together.
func (v *view) others(operation schema.Key) []schema.Key {
	return slices.DeleteFunc(v.first(operation.PK, schema.MaxTransaction), func(k schema.Key) bool { return k == operation })
}

// emptied is the mark of a day when nothing is listed under it but what is
// about to be deleted.
func (v *view) emptied(listPK string, gone []schema.Key) (mark schema.Key, empty bool) {
	mark, ok := schema.MarkOf(listPK)
	if !ok {
		return mark, false
	}
	rows, err := v.c.stmts[sqlListed].QueryContext(context.Background(), listPK, len(gone)+1)
	if err != nil {
		v.failed = err
		return mark, false
	}
	left, err := scan(rows)
	if err != nil {
		v.failed = err
	}
	return mark, !slices.ContainsFunc(left, func(it schema.Item) bool { return !slices.Contains(gone, it.Key) })
}

// shrink gives pages back when more than a quarter of the file is unused.
func (v *view) shrink() error {
	free, err := number(context.Background(), v.c, "PRAGMA freelist_count")
	if err != nil {
		return err
	}
	all, err := number(context.Background(), v.c, "PRAGMA page_count")
	if err != nil || free <= all/4 || free < shrunkAtOnce {
		return err
	}
	rows, err := v.c.QueryContext(context.Background(), fmt.Sprintf("PRAGMA incremental_vacuum(%d)", shrunkAtOnce))
	if err != nil {
		return err
	}
	for rows.Next() { // a row for each step
	}
	return errors.Join(rows.Err(), rows.Close())
}
