package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// ledgerTries is how often a ledger is read whose large results were being
// replaced meanwhile.
const ledgerTries = 3

// Ledger returns an operation with its attempts and decision. not_found.
//
// A query is not a snapshot: a transaction may be carried out while it runs.
// It goes from the highest sort key down, so that the operation (META) is read
// before its attempts (ATT#). What it may show then is attempts that are newer
// than the operation, and a step that is taken on those fails by the
// operation's version. The other way round a step could pass that does not
// know the newest attempt.
func (s *Store) Ledger(ctx context.Context, id string) (l broker.Ledger, err error) {
	for range ledgerTries {
		rows, err := s.rows(ctx, query{pk: schema.OperationPK(id), limit: everything, newest: true})
		if err != nil {
			return broker.Ledger{}, err
		}
		slices.Reverse(rows)
		l, found, lerr := schema.Ledger(id, itemsOf(rows))
		if err = lerr; err != nil {
			continue // a piece is of another version than its attempt
		}
		if !found || !s.seen().HasOperation(&l.Operation) {
			return broker.Ledger{}, notFound("operation", id)
		}
		return l, nil
	}
	return broker.Ledger{}, s.unavailable("reading the ledger", err)
}

func itemsOf(rows []row) []schema.Item {
	items := make([]schema.Item, len(rows))
	for i := range rows {
		items[i] = rows[i].item()
	}
	return items
}

// Operations returns a page, newest first. A limit below 1 asks for 100; none
// gives more than 1,000. invalid_request for a cursor that is not of this list.
func (s *Store) Operations(ctx context.Context, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	page, next, err := s.seen().ListOperations(ctx, lister{s}, f, p)
	return page, next, s.unavailable("reading the list of operations", err)
}

// lister reads lists.
type lister struct{ *Store }

var _ schema.MachineSource = lister{}

// Days implements [schema.Lister].
func (l lister) Days(ctx context.Context, pk, newest string, limit int) ([]schema.Item, error) {
	rows, err := l.rows(ctx, query{pk: pk, op: "<=", sk: newest, limit: limit, newest: true})
	return itemsOf(rows), err
}

// Listed implements [schema.Lister].
func (l lister) Listed(ctx context.Context, pk, before string, limit int) ([]schema.Item, error) {
	rows, err := l.rows(ctx, query{index: schema.ListIndex, pk: pk, op: "<", sk: before, limit: limit, newest: true})
	return itemsOf(rows), err
}

// OpenOperations returns open operations due at or before the time, earliest
// first, at most limit.
func (s *Store) OpenOperations(ctx context.Context, dueBy time.Time, limit int) ([]broker.Operation, error) {
	limit = max(limit, 0)
	var due []broker.Operation
	for shard := range uint32(schema.OpenShards) {
		some, err := all[broker.Operation](ctx, s, query{
			index: schema.OpenIndex, pk: schema.OpenPK(shard), op: "<", sk: schema.OpenUntil(dueBy), limit: limit,
		})
		if err != nil {
			return nil, err
		}
		due = append(due, some...)
	}
	return schema.EarliestDue(due, limit), nil
}
