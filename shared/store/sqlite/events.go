package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// Events returns the oldest events of q, by id. One is there as soon as its
// change is.
func (s *Store) Events(ctx context.Context, q broker.EventQuery) (events []broker.Event, err error) {
	tx, err := s.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // all partitions as of one moment
	if err != nil {
		return nil, unavailable("reading events", err)
	}
	defer func() { err = errors.Join(err, unavailable("reading events", tx.Rollback())) }()
	first, shards := schema.FirstEvent(q, s.now()), make([][]broker.Event, schema.EventShards)
	for i := range shards {
		rows, err := tx.StmtContext(ctx, s.read[sqlAfter]).QueryContext(ctx, schema.EventPK(uint32(i)), first, max(q.Limit, 0))
		if err != nil {
			return nil, unavailable("reading events", err)
		}
		items, err := scan(rows)
		if err != nil {
			return nil, unavailable("reading events", err)
		}
		if shards[i], err = decodeAll[broker.Event](items); err != nil {
			return nil, err
		}
	}
	return schema.MergeEvents(shards, q.Limit), nil
}

// lastTold is the time in the id of the newest event.
func (s *Store) lastTold(ctx context.Context) (last time.Time, err error) {
	for i := range uint32(schema.EventShards) {
		items, err := s.query(ctx, sqlDays, schema.EventPK(i), "~", 1)
		if err != nil {
			return last, err
		}
		for _, it := range items {
			if t := broker.EventTime(it.SK); t.After(last) {
				last = t
			}
		}
	}
	return last, nil
}
