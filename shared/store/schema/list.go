package schema

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Bounds of a page.
const (
	defaultPage = 100
	maxPage     = 1000
)

// PageLimit is how many entries a page has at most: below 1 asks for 100, and
// none has more than 1,000.
func PageLimit(p broker.Page) int {
	if p.Limit < 1 {
		return defaultPage
	}
	return min(p.Limit, maxPage)
}

// Bounds of one page, whatever its filter: a page of a rare kind may be short,
// and says where to go on.
const (
	examined = 1000 // operations
	daysBack = 64   // days that have operations
	atOnce   = 100  // operations per query
)

// above sorts after every time.
const above = "~"

// Lister reads the list of operations, newest first.
type Lister interface {
	// Days returns the rows of days up to newest.
	Days(ctx context.Context, newest string, limit int) ([]Item, error)
	// Listed returns operations of a partition of the list index before a
	// sort key.
	Listed(ctx context.Context, pk, before string, limit int) ([]Item, error)
}

// ListOperations returns a page, newest first, and the cursor of the next one.
// invalid_request for a cursor that is not of this list.
func ListOperations(ctx context.Context, from Lister, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	cur, err := ParseCursor(p.Cursor, ListPK(""))
	if err != nil {
		return nil, "", err
	}
	w := walk{from: from, filter: f, limit: PageLimit(p)}
	if err := w.run(ctx, cur); err != nil {
		return nil, "", err
	}
	return w.page, w.next.String(), nil
}

// walk goes through the list of operations, day by day, newest first. It
// looks for one more than the page holds: that one says whether there is a
// next page.
type walk struct {
	from   Lister
	filter broker.OperationFilter
	limit  int
	looked int
	page   []broker.Operation
	last   Cursor // the last of the page
	next   Cursor // after which the next page begins; zero: there is none
}

func (w *walk) run(ctx context.Context, from Cursor) error {
	newest := above
	if from != (Cursor{}) {
		newest = strings.TrimPrefix(from.PK, ListPK(""))
	}
	days, err := w.from.Days(ctx, newest, daysBack)
	if err != nil {
		return err
	}
	for _, day := range days {
		before := above
		if from.PK == ListPK(day.SK) {
			before = from.SK
		}
		if done, err := w.day(ctx, ListPK(day.SK), before); done || err != nil {
			return err
		}
	}
	if len(days) == daysBack {
		oldest := days[daysBack-1].SK
		w.next = Cursor{PK: ListPK(oldest), SK: oldest} // a day sorts before its times
	}
	return nil
}

// day goes through one day. It reports whether the page is complete.
func (w *walk) day(ctx context.Context, pk, before string) (bool, error) {
	for {
		items, err := w.from.Listed(ctx, pk, before, atOnce)
		if err != nil {
			return false, err
		}
		for _, it := range items {
			o, err := Decode[broker.Operation](it)
			if err != nil {
				return false, err
			}
			before = ListKey(o.ID, o.CreatedAt).SK
			if w.add(o, Cursor{PK: pk, SK: before}) {
				return true, nil
			}
		}
		if len(items) < atOnce {
			return false, nil
		}
	}
}

// add looks at the next operation. It reports whether the page is complete.
func (w *walk) add(o broker.Operation, at Cursor) bool {
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

// EarliestDue returns at most limit of what the shards of the open index have,
// earliest first. It sorts in place.
func EarliestDue(due []broker.Operation, limit int) []broker.Operation {
	slices.SortFunc(due, func(a, b broker.Operation) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due[:min(len(due), limit)]
}
