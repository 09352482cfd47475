package metrics

import (
	"math"
	"math/bits"
	"time"
)

// Bins is how many bins a [Histogram] has.
const Bins = 32

// Histogram counts durations in bins whose edges are powers of two in
// microseconds. Bin 0 is [0, 2) µs, bin i is [2^i, 2^(i+1)) µs, and bin 31
// begins at 2^31 µs (35 min 47 s) and has no end. Histograms add bin by bin,
// in any order. The zero value is empty.
//
// An estimate lies in the bin of the exact answer, so it is off by less than a
// factor of two, except in the open last bin, which is drawn as if it ended at
// 2^32 µs.
type Histogram [Bins]int64

// Bin returns the bin of d. A negative duration, which only clocks that were
// set back give, counts as none.
func Bin(d time.Duration) int {
	us := d.Microseconds()
	if us < 2 {
		return 0
	}
	return min(bits.Len64(uint64(us))-1, Bins-1)
}

// Edges returns where bin i begins and where the next one does.
func Edges(i int) (low, high time.Duration) {
	high = time.Microsecond << (i + 1)
	if i == 0 {
		return 0, high
	}
	return high / 2, high
}

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) { h[Bin(d)]++ }

// Add adds o.
func (h *Histogram) Add(o *Histogram) {
	for i, n := range o {
		h[i] = plus(h[i], n)
	}
}

// Count returns how many durations were counted.
func (h *Histogram) Count() int64 {
	var n int64
	for _, c := range h {
		n = plus(n, c)
	}
	return n
}

// Quantile estimates the duration that a share q of all that were counted does
// not exceed: the one of rank ⌈q·n⌉ (nearest rank; the first for q ≤ 0, the
// last for q ≥ 1). Within a bin the durations are taken as evenly spread on the
// logarithmic axis, each in the middle of its part, so a single one counts as
// the geometric middle; in bin 0, which begins at zero, on the linear axis.
// False when nothing was counted or q is not a number.
func (h *Histogram) Quantile(q float64) (time.Duration, bool) {
	n := h.Count()
	if n == 0 || math.IsNaN(q) {
		return 0, false
	}
	rank := nearest(q, n)
	for i, c := range h {
		if rank <= c {
			return within(i, (float64(rank)-0.5)/float64(c)), true
		}
		rank -= c
	}
	return within(Bins-1, 1), true // counts that saturated
}

// nearest is ⌈q·n⌉ in [1, n]. The slack takes back what the product gains when
// q has no exact binary form: 0.07 × 100 is above 7.
func nearest(q float64, n int64) int64 {
	x := math.Ceil(q * float64(n) * (1 - 1e-12))
	switch {
	case x < 1:
		return 1
	case x >= float64(n):
		return n
	}
	return int64(x)
}

// within is the duration at the share f of bin i, never on its upper edge.
func within(i int, f float64) time.Duration {
	low, high := Edges(i)
	d := time.Duration(f * float64(high))
	if i > 0 {
		d = time.Duration(float64(low) * math.Exp2(f))
	}
	return min(max(d, low), high-1)
}

// plus adds two counts. Counts are never negative; a sum that does not fit
// stays at the largest one, so that addition is still in any order.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
