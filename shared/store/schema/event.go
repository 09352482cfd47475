package schema

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// EventShards is over how many partitions events are spread: of one subject
// they are in one, so that they are in order. A partition takes about 500 a
// second.
const EventShards = 4

// maxEvent is a generous bound on the size of an event's row: its texts are
// names and words of the broker.
const maxEvent = 8 << 10

// EventPK is a partition of events.
func EventPK(shard uint32) string { return fmt.Sprintf("EVT#%d", shard) }

// EventKey holds an event. Its id begins with the time, so that ids of all
// partitions sort together.
func EventKey(e *broker.Event) Key {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.Subject())) // a hash.Hash never fails
	return Key{EventPK(h.Sum32() % EventShards), e.ID}
}

// EventItem makes the row of an event that is stored at t; unique tells it from
// those that others store at that moment.
func EventItem(e broker.Event, t time.Time, unique string) (Item, error) {
	e.ID, e.Time = broker.EventPosition(t)+"-"+unique, broker.Time{Time: t.UTC()}
	it, err := Row(EventKey(&e), e)
	it.Expires = t.Add(broker.EventsKept)
	return it, err
}

// FirstEvent is where a reader of q begins at now: after this sort key. What
// has expired may still be there, and is not read.
func FirstEvent(q broker.EventQuery, now time.Time) string {
	return max(q.After, broker.EventPosition(q.Since), broker.EventPosition(now.Add(-broker.EventsKept)))
}

// MergeEvents returns at most limit events of several partitions, in order.
func MergeEvents(shards [][]broker.Event, limit int) []broker.Event {
	all := slices.Concat(shards...)
	slices.SortFunc(all, func(a, b broker.Event) int { return strings.Compare(a.ID, b.ID) })
	return all[:min(len(all), max(limit, 0))]
}
