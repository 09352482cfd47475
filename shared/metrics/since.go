package metrics

import (
	"slices"
	"time"
)

// Since returns the rows of a provider that was registered at a time: what was
// counted under its name before is another's. Both are told apart by whole
// buckets, so that who registers a provider clears the minute in which he does.
// It reuses rows.
func Since(registered time.Time, rows []Row) []Row {
	return slices.DeleteFunc(rows, func(r Row) bool { return r.Start.Before(BucketAt(r.Grain, registered).Start) })
}

// MinuteSpan is the minute of a time.
func MinuteSpan(at time.Time) Span {
	b := BucketAt(Minute, at)
	return Span{Grain: Minute, From: b.Start, To: b.End()}
}
