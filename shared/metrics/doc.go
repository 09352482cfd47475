// Package metrics is the arithmetic of what was measured: counters and latency
// histograms that merge by addition, the minute and hour buckets that hold
// them, windows over those buckets, and what selection reads of the result.
//
// One attempt that ended is an [Event]. Its [Event.Delta] is added to the row
// of its minute and operation type; a store adds the numbers of [Counters.Flat]
// and nothing is lost, in whatever order they arrive. Hours that are over are
// summed by [Rollup]. [NewPlan] says which rows a window needs, [Plan.Fold] and
// [Plan.Series] add them up, [Summarize] makes the few numbers by which
// policies choose.
//
// What was not measured is absent and never zero: whatever may be missing is
// returned with a bool, or as a nil pointer.
//
// The breaker's ring of 10 s buckets is not here but in [broker.Live].
//
// The package imports the standard library, broker and fault. It does no I/O
// and reads no clock.
package metrics
