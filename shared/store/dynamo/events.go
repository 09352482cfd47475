package dynamo

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// clocksApart is how far the clocks of the processes that share a table may be
// apart before a reader of events can miss one.
const clocksApart = 2 * time.Second

// teller gives events and entries of the audit trail their ids: those of one
// process rise.
type teller struct {
	mu   sync.Mutex
	told time.Time
}

func (t *teller) next(now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !now.After(t.told) {
		now = t.told.Add(time.Nanosecond)
	}
	t.told = now
	return now
}

// told makes rows of what is told among writes.
func (s *Store) told(ctx context.Context, writes []write) ([]write, error) {
	writes = slices.Clone(writes)
	for i, w := range writes {
		if w.event == nil && w.audit == nil {
			continue
		}
		it, err := s.row(ctx, w, s.teller.next(s.now().UTC()), uuid.NewString()[:8])
		if err != nil {
			return nil, err
		}
		writes[i] = puttingItem(it)
	}
	return writes, nil
}

// row makes the row of an event, or of an entry of the audit trail, whose day is
// marked before it.
func (s *Store) row(ctx context.Context, w write, at time.Time, unique string) (schema.Item, error) {
	if w.event != nil {
		return schema.EventItem(*w.event, at, unique)
	}
	if err := s.markDay(ctx, schema.AuditList.DayKey(at)); err != nil {
		return schema.Item{}, err
	}
	return s.kept.AuditItem(*w.audit, at, unique)
}

// Events returns the oldest events of q, by id. An event has its id before it
// is stored, and storing it takes at most the time of a call: it is shown when
// all that others stored at its time are there, too.
func (s *Store) Events(ctx context.Context, q broker.EventQuery) ([]broker.Event, error) {
	now := s.now()
	first, settled := schema.FirstEvent(q, now), broker.EventPosition(now.Add(-s.timeout-clocksApart))
	shards := make([][]broker.Event, schema.EventShards)
	for i := range shards {
		var err error
		shards[i], err = all[broker.Event](ctx, s, query{pk: schema.EventPK(uint32(i)), op: ">", sk: first, limit: max(q.Limit, 0)})
		if err != nil {
			return nil, err
		}
		shards[i] = slices.DeleteFunc(shards[i], func(e broker.Event) bool { return e.ID >= settled })
	}
	return schema.MergeEvents(shards, q.Limit), nil
}
