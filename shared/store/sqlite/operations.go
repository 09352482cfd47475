package sqlite

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Ledger returns an operation with its attempts and decision. not_found.
func (s *Store) Ledger(ctx context.Context, id string) (broker.Ledger, error) {
	items, err := s.query(ctx, sqlPartition, schema.OperationPK(id))
	if err != nil {
		return broker.Ledger{}, err
	}
	l, found, err := schema.Ledger(id, items)
	if err == nil && (!found || !s.seen().HasOperation(&l.Operation)) {
		l, err = broker.Ledger{}, notFound("operation", id)
	}
	return l, unavailable("reading the ledger", err)
}

// Operations returns a page, newest first. A limit below 1 asks for 100; none
// gives more than 1,000. invalid_request for a cursor that is not of this list.
func (s *Store) Operations(ctx context.Context, f broker.OperationFilter, p broker.Page) ([]broker.Operation, string, error) {
	page, next, err := s.seen().ListOperations(ctx, lister{s}, f, p)
	return page, next, unavailable("reading the list of operations", err)
}

// lister reads lists.
type lister struct{ *Store }

var _ schema.MachineSource = lister{}

// Days implements [schema.Lister].
func (l lister) Days(ctx context.Context, pk, newest string, limit int) ([]schema.Item, error) {
	return l.query(ctx, sqlDays, pk, newest, limit)
}

// Listed implements [schema.Lister].
func (l lister) Listed(ctx context.Context, pk, before string, limit int) ([]schema.Item, error) {
	return l.query(ctx, sqlList, pk, before, limit)
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
	return schema.EarliestDue(due, max(limit, 0)), nil
}
