package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Bounds of one page, whatever its filter: a page of a rare kind may be short,
// and says where to go on.
const (
	examined = 1000 // operations
	daysBack = 64   // days that have operations
	atOnce   = 100  // operations per query
)

// above sorts after every time.
const above = "~"

// Ledger returns an operation with its attempts and decision. not_found.
func (s *Store) Ledger(ctx context.Context, id string) (broker.Ledger, error) {
	items, err := s.query(ctx, sqlPartition, schema.OperationPK(id))
	if err != nil {
		return broker.Ledger{}, err
	}
	l, found, err := schema.Ledger(id, items)
	if err == nil && !found {
		err = notFound("operation", id)
	}
	return l, unavailable("reading the ledger", err)
}

// Operations returns a page, newest first. A limit below 1 asks for 100; none
// gives more than 1,000. invalid_request for a cursor that is not of this list.
func (s *Store) Operations(ctx context.Context, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	cur, err := schema.ParseCursor(p.Cursor, schema.ListPK(""))
	if err != nil {
		return nil, "", err
	}
	w := walk{s: s, filter: f, limit: pageLimit(p)}
	if err := w.run(ctx, cur); err != nil {
		return nil, "", err
	}
	return w.page, w.next.String(), nil
}

// walk goes through the list of operations, day by day, newest first. It
// looks for one more than the page holds: that one says whether there is a
// next page.
type walk struct {
	s      *Store
	filter broker.OperationFilter
	limit  int
	looked int
	page   []broker.Operation
	last   schema.Cursor // the last of the page
	next   schema.Cursor // after which the next page begins; zero: there is none
}

func (w *walk) run(ctx context.Context, from schema.Cursor) error {
	days, err := w.days(ctx, from)
	if err != nil {
		return err
	}
	for _, day := range days {
		before := above
		if from.PK == schema.ListPK(day) {
			before = from.SK
		}
		if done, err := w.day(ctx, schema.ListPK(day), before); done || err != nil {
			return err
		}
	}
	if len(days) == daysBack {
		oldest := days[daysBack-1]
		w.next = schema.Cursor{PK: schema.ListPK(oldest), SK: oldest} // a day sorts before its times
	}
	return nil
}

// days returns the days that have operations, newest first, from the cursor on.
func (w *walk) days(ctx context.Context, from schema.Cursor) ([]string, error) {
	newest := above
	if from != (schema.Cursor{}) {
		newest = strings.TrimPrefix(from.PK, schema.ListPK(""))
	}
	items, err := w.s.query(ctx, sqlDays, schema.DayPK(), newest, daysBack)
	if err != nil {
		return nil, err
	}
	days := make([]string, len(items))
	for i, it := range items {
		days[i] = it.SK
	}
	return days, nil
}

// day goes through one day. It reports whether the page is complete.
func (w *walk) day(ctx context.Context, pk, before string) (bool, error) {
	for {
		items, err := w.s.query(ctx, sqlList, pk, before, atOnce)
		if err != nil {
			return false, err
		}
		for _, it := range items {
			o, err := schema.Decode[broker.Operation](it)
			if err != nil {
				return false, unavailable("reading the list of operations", err)
			}
			before = schema.ListKey(o.ID, o.CreatedAt).SK
			if w.add(o, schema.Cursor{PK: pk, SK: before}) {
				return true, nil
			}
		}
		if len(items) < atOnce {
			return false, nil
		}
	}
}

// add looks at the next operation. It reports whether the page is complete.
func (w *walk) add(o broker.Operation, at schema.Cursor) bool {
	w.looked++
	if w.matches(o) {
		if len(w.page) == w.limit {
			w.next = w.last
			return true
		}
		w.page, w.last = append(w.page, o), at
	}
	if w.looked == examined {
		w.next = at
		return true
	}
	return false
}

func (w *walk) matches(o broker.Operation) bool {
	return (w.filter.Status == "" || o.Status == w.filter.Status) && (w.filter.Type == "" || o.Type == w.filter.Type)
}

// OpenOperations returns open operations due at or before the time, earliest
// first, at most limit.
func (s *Store) OpenOperations(ctx context.Context, dueBy time.Time, limit int) ([]broker.Operation, error) {
	var due []broker.Operation
	for shard := range uint32(schema.OpenShards) {
		items, err := s.query(ctx, sqlOpen, schema.OpenPK(shard), schema.OpenUntil(dueBy), max(limit, 0))
		if err != nil {
			return nil, err
		}
		some, err := decodeAll[broker.Operation](items)
		if err != nil {
			return nil, err
		}
		due = append(due, some...)
	}
	slices.SortFunc(due, func(a, b broker.Operation) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due[:min(len(due), max(limit, 0))], nil
}
