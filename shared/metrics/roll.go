package metrics

import (
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// settling is how long after its end an hour may still get minutes: an event
// is dated by its end and written at once, or again after an error.
const settling = 5 * time.Minute

// Rolled says which hours have rows: all before Until but for Gaps. The zero
// value says that none has. It is stored per provider with what was rolled up.
type Rolled struct {
	Until time.Time `json:"until"`          // on the hour
	Gaps  []Span    `json:"gaps,omitempty"` // hours whose minutes were gone before they were rolled up, oldest first
}

// Due returns the hours that are to be rolled up at now, oldest first: those
// that are over, long enough that no minute comes late, and whose minutes are
// still there. When all are stored, then is what is to be stored as rolled. A
// provider that is new may begin with its first hour as Until; else what was
// before its first roll-up is a gap.
func (r Rolled) Due(now time.Time) (due []Bucket, then Rolled) {
	then = r.at(now)
	last := now.Add(-settling)
	for b := BucketAt(Hour, then.Until); !b.End().After(last); b = BucketAt(Hour, b.End()) {
		due = append(due, b)
		then.Until = b.End()
	}
	return due, then
}

// at is what of r holds at now: hours that can be rolled up no more are a gap,
// and a gap that no window reaches is forgotten.
func (r Rolled) at(now time.Time) Rolled {
	reach, oldest := minutesReach(now), now.Add(-HoursKept-time.Hour)
	held := Rolled{Until: BucketAt(Hour, r.Until).Start}
	for _, gap := range r.Gaps {
		if gap.To.After(oldest) {
			held.Gaps = append(held.Gaps, gap)
		}
	}
	if held.Until.Before(reach) {
		held.Gaps = append(held.Gaps, Span{Hour, held.Until, reach})
		held.Until = reach
	}
	return held
}

// minutesReach is the first whole hour of which all minute rows are kept.
func minutesReach(now time.Time) time.Time { return hourFrom(now.Add(-MinutesKept)) }

// Rollup sums the minutes of an hour: one row per operation type, by name.
// Rows of other buckets are passed over. The result replaces what is stored:
// rolling an hour up again is harmless. Of errors the [HourErrors] most
// frequent codes keep their names.
func Rollup(hour Bucket, rows []Row) []Row {
	minutes := Span{Minute, hour.Start, hour.End()}
	sums := map[broker.OperationType]*Counters{}
	for i := range rows {
		if minutes.Holds(rows[i].Bucket) {
			at(sums, rows[i].Operation).absorb(&rows[i].Counters)
		}
	}
	rolled := make([]Row, 0, len(sums))
	for _, operation := range slices.Sorted(maps.Keys(sums)) {
		c := sums[operation]
		c.Errors = c.Errors.Bound(HourErrors)
		rolled = append(rolled, Row{Bucket: hour, Operation: operation, Counters: *c})
	}
	return rolled
}
