package schema

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

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

// List is a list, newest first, by day in the list index. The days that have
// entries are marked in a partition of their own.
type List string

// The lists.
const (
	OperationList List = "OP"   // by the time of their claim
	MachineList   List = "MACH" // by the time of their launch
	AuditList     List = "AUD"  // by the time of the change
)

const listPrefix = "L#"

// DayPK is the days on which something of the list began.
func (l List) DayPK() string { return "DAY#" + string(l) }

// DayKey marks that the list has entries of the day of t. It is put once a day.
func (l List) DayKey(t time.Time) Key { return Key{l.DayPK(), Day(t)} }

// PK is the entries of a day in the list index.
func (l List) PK(day string) string { return listPrefix + string(l) + "#" + day }

// MarkOf is the mark of the day that a partition of the list index is; false:
// it is no day.
func MarkOf(listPK string) (Key, bool) {
	kind, day, ok := strings.Cut(strings.TrimPrefix(listPK, listPrefix), "#")
	return Key{List(kind).DayPK(), day}, ok && strings.HasPrefix(listPK, listPrefix)
}

// Key is where an entry stands in the list index.
func (l List) Key(id string, began time.Time) Key {
	return Key{l.PK(Day(began)), Stamp(began) + "#" + id}
}

// Bounds of one page, whatever its filter: a page of a rare kind may be short,
// and says where to go on.
const (
	examined = 1000 // entries
	daysBack = 64   // days that have entries
	atOnce   = 100  // entries per query
)

// above sorts after every time.
const above = "~"

// Lister reads lists, newest first.
type Lister interface {
	// Days returns the rows of a list's days up to newest.
	Days(ctx context.Context, pk, newest string, limit int) ([]Item, error)
	// Listed returns entries of a partition of the list index before a sort
	// key.
	Listed(ctx context.Context, pk, before string, limit int) ([]Item, error)
}

// ListOperations returns a page, newest first, and the cursor of the next one.
// invalid_request for a cursor that is not of this list.
func (v View) ListOperations(ctx context.Context, from Lister, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	w := walk[broker.Operation]{
		from: from, list: OperationList, limit: PageLimit(p),
		key: func(o broker.Operation) Key { return OperationList.Key(o.ID, o.CreatedAt) },
		matches: func(o broker.Operation) bool {
			return v.HasOperation(&o) && (f.Status == "" || o.Status == f.Status) && (f.Type == "" || o.Type == f.Type)
		},
	}
	return w.read(ctx, p.Cursor)
}

// walk goes through a list, day by day, newest first. It looks for one more
// than the page holds: that one says whether there is a next page.
type walk[T any] struct {
	from    Lister
	list    List
	key     func(T) Key // in the list index
	matches func(T) bool
	since   time.Time // no day before this is looked at
	until   time.Time // nor one after this; zero: none is too late
	limit   int
	looked  int
	page    []T
	last    Cursor // the last of the page
	next    Cursor // after which the next page begins; zero: there is none
}

func (w *walk[T]) read(ctx context.Context, cursor string) ([]T, string, error) {
	cur, err := ParseCursor(cursor, w.list.PK(""))
	if err != nil {
		return nil, "", err
	}
	if err := w.run(ctx, cur); err != nil {
		return nil, "", err
	}
	return w.page, w.next.String(), nil
}

func (w *walk[T]) run(ctx context.Context, from Cursor) error {
	days, err := w.from.Days(ctx, w.list.DayPK(), w.newest(from), daysBack)
	if err != nil {
		return err
	}
	for _, day := range days {
		if day.SK < Day(w.since) {
			return nil
		}
		before := above
		if from.PK == w.list.PK(day.SK) {
			before = from.SK
		}
		if done, err := w.day(ctx, w.list.PK(day.SK), before); done || err != nil {
			return err
		}
	}
	if len(days) == daysBack {
		oldest := days[daysBack-1].SK
		w.next = Cursor{PK: w.list.PK(oldest), SK: oldest} // a day sorts before its times
	}
	return nil
}

// newest is the day to begin with, above all days when none is too late.
func (w *walk[T]) newest(from Cursor) string {
	newest := above
	if !w.until.IsZero() {
		newest = Day(w.until)
	}
	if from != (Cursor{}) {
		newest = min(newest, strings.TrimPrefix(from.PK, w.list.PK("")))
	}
	return newest
}

// day goes through one day. It reports whether the page is complete.
func (w *walk[T]) day(ctx context.Context, pk, before string) (bool, error) {
	for {
		items, err := w.from.Listed(ctx, pk, before, atOnce)
		if err != nil {
			return false, err
		}
		for _, it := range items {
			v, err := Decode[T](it)
			if err != nil {
				return false, err
			}
			before = w.key(v).SK
			if w.add(v, Cursor{PK: pk, SK: before}) {
				return true, nil
			}
		}
		if len(items) < atOnce {
			return false, nil
		}
	}
}

// add looks at the next entry. It reports whether the page is complete.
func (w *walk[T]) add(v T, at Cursor) bool {
	w.looked++
	if w.matches(v) {
		if len(w.page) == w.limit {
			w.next = w.last
			return true
		}
		w.page, w.last = append(w.page, v), at
	}
	if w.looked == examined {
		w.next = at
		return true
	}
	return false
}

// EarliestDue returns at most limit of what the shards of the open index have,
// earliest first. It sorts in place.
func EarliestDue(due []broker.Operation, limit int) []broker.Operation {
	slices.SortFunc(due, func(a, b broker.Operation) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return due[:min(len(due), limit)]
}
