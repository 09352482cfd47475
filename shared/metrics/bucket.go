package metrics

import (
	"fmt"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Grain is how long a bucket is.
type Grain uint8

// The grains. Minutes are written by attempts, hours by [Rollup].
const (
	Minute Grain = iota
	Hour
)

// How long rows are kept after their bucket's end: minutes for a day and the
// hour that is being looked back from, hours for the longest window.
const (
	MinutesKept = 25 * time.Hour
	HoursKept   = MaxHours * time.Hour
)

// String returns "minute" or "hour".
func (g Grain) String() string {
	if g == Hour {
		return "hour"
	}
	return "minute"
}

// Length returns how long a bucket is.
func (g Grain) Length() time.Duration {
	if g == Hour {
		return time.Hour
	}
	return time.Minute
}

// layouts of a bucket's partition and of its place there: minutes lie by hour,
// hours by day.
func (g Grain) layouts() (partition, slot string) {
	if g == Hour {
		return "2006-01-02", "15"
	}
	return "2006-01-02T15", "04"
}

// partition is how much time lies in one partition.
func (g Grain) partition() time.Duration {
	if g == Hour {
		return 24 * time.Hour
	}
	return time.Hour
}

// Bucket is a minute or an hour of UTC, [Start, End).
type Bucket struct {
	Grain Grain
	Start time.Time
}

// BucketAt returns the bucket in which t lies.
func BucketAt(g Grain, t time.Time) Bucket { return Bucket{g, t.UTC().Truncate(g.Length())} }

// End returns when the next bucket begins.
func (b Bucket) End() time.Time { return b.Start.Add(b.Grain.Length()) }

// Expires returns when the row may go.
func (b Bucket) Expires() time.Time {
	if b.Grain == Hour {
		return b.End().Add(HoursKept)
	}
	return b.End().Add(MinutesKept)
}

// Partition names the partition beside the provider: the hour of a minute,
// 2026-03-01T12, or the day of an hour, 2026-03-01.
func (b Bucket) Partition() string {
	layout, _ := b.Grain.layouts()
	return b.Start.Format(layout)
}

// Key returns the row's key in its partition: two digits and the operation
// type, 05#CREATE_INSTANCES, so that keys sort like time.
func (r *Row) Key() string {
	_, layout := r.Bucket.Grain.layouts()
	return r.Bucket.Start.Format(layout) + "#" + string(r.Operation)
}

// ParseKey reads what [Bucket.Partition] and [Row.Key] wrote: a row without
// its counters. Anything else is an internal error; a bucket has one spelling.
func ParseKey(g Grain, partition, key string) (Row, error) {
	slot, operation, ok := strings.Cut(key, "#")
	first, second := g.layouts()
	t, err := time.Parse(first+" "+second, partition+" "+slot)
	if !ok || operation == "" || err != nil {
		return Row{}, badKey(g, partition, key)
	}
	r := Row{Bucket: Bucket{g, t}, Operation: broker.OperationType(operation)}
	if r.Partition() != partition || r.Key() != key { // 5#X for 05#X
		return Row{}, badKey(g, partition, key)
	}
	return r, nil
}

func badKey(g Grain, partition, key string) error {
	return fault.New(fault.Internal, "%q in %q is no %s's key.", key, partition, g)
}

// Span is time in whole buckets of a grain, [From, To).
type Span struct {
	Grain Grain     `json:"grain"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
}

// Holds reports whether b is a bucket of the span.
func (s Span) Holds(b Bucket) bool {
	return s.Grain == b.Grain && !b.Start.Before(s.From) && b.Start.Before(s.To)
}

// Read is one query: the keys of a partition from First on and below Below.
type Read struct {
	Grain        Grain
	Partition    string
	First, Below string
}

// Reads returns the queries that a span takes, oldest first: one per
// partition. None for an empty span.
func (s Span) Reads() []Read {
	var all []Read
	for at := s.From; at.Before(s.To); {
		r, next := s.read(at)
		all = append(all, r)
		at = next
	}
	return all
}

// read is the query of the partition of at, from at on, and where the next
// partition begins.
func (s Span) read(at time.Time) (Read, time.Time) {
	begin := at.Truncate(s.Grain.partition())
	next := begin.Add(s.Grain.partition())
	slot := func(t time.Time) string { return fmt.Sprintf("%02d", t.Sub(begin)/s.Grain.Length()) }
	return Read{
		Grain: s.Grain, Partition: Bucket{s.Grain, at}.Partition(),
		First: slot(at), Below: slot(earlier(next, s.To)), // of a whole partition 60 or 24: above every key
	}, next
}
