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

// tell gives what a change tells its ids, and makes rows of it. Ids rise in the
// order in which changes are committed, also when the clock goes back: who has
// read one misses none before it.
func (w *writer) tell(v *view, c *schema.Change) error {
	for _, e := range c.Events {
		it, err := schema.EventItem(e, w.next(), "0")
		if err != nil {
			return err
		}
		c.Put = append(c.Put, it)
	}
	for _, e := range c.Audits {
		t := w.next()
		it, err := w.kept.AuditItem(e, t, "0")
		if err != nil {
			return err
		}
		if c.Put = append(c.Put, it); !v.has(schema.AuditList.DayKey(t)) {
			c.Put = append(c.Put, schema.Mark(schema.AuditList.DayKey(t)))
		}
	}
	c.Events, c.Audits = nil, nil
	return v.failed
}

// next is the time in the next id.
func (w *writer) next() time.Time {
	t := w.now().UTC()
	if !t.After(w.told) {
		t = w.told.Add(time.Nanosecond)
	}
	w.told = t
	return t
}

// lastTold is the time in the newest id of an event or of an entry of the audit
// trail.
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
	audit, err := s.lastAudit(ctx)
	if audit.After(last) {
		last = audit
	}
	return last, err
}
