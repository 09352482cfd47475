package metrics_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/metrics"
)

const us = time.Microsecond

func TestBin(t *testing.T) {
	for d, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, 999: 0, us: 0, 2*us - 1: 0,
		2 * us: 1, 4*us - 1: 1, 4 * us: 2, 8 * us: 3,
		time.Millisecond:  9,  // 512 ≤ 1,000 < 1,024
		time.Second:       19, // 524,288 ≤ 1,000,000 < 1,048,576
		time.Minute:       25, // 33,554,432 ≤ 60,000,000 < 67,108,864
		2147483648*us - 1: 30,
		2147483648 * us:   31,
		time.Hour:         31,
		math.MaxInt64:     31,
	} {
		if got := metrics.Bin(d); got != want {
			t.Errorf("%v: got bin %d, want %d", d, got, want)
		}
	}
}

func TestEdges(t *testing.T) {
	type edges struct{ low, high time.Duration }
	for i, want := range map[int]edges{0: {0, 2 * us}, 1: {2 * us, 4 * us}, 10: {1024 * us, 2048 * us}, 31: {2147483648 * us, 4294967296 * us}} {
		low, high := metrics.Edges(i)
		if got := (edges{low, high}); got != want {
			t.Errorf("bin %d: got %v, want %v", i, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	one := func(ds ...time.Duration) (h metrics.Histogram) {
		for _, d := range ds {
			h.Observe(d)
		}
		return h
	}
	fifths := one(5*us, 5*us, 6*us, 7*us) // all in [4, 8) µs
	for name, c := range map[string]struct {
		h    metrics.Histogram
		q    float64
		want time.Duration
	}{
		"one is the geometric middle of its bin":       {one(3 * us), 0.5, 2828},                 // 2 × 2^½ µs
		"the same at every share":                      {one(3 * us), 0.99, 2828},                //
		"of four the first stands at an eighth":        {fifths, 0.25, 4362},                     // 4 × 2^⅛ µs
		"of four the second at three eighths":          {fifths, 0.5, 5187},                      // 4 × 2^⅜ µs
		"of four the last at seven eighths":            {fifths, 1, 7336},                        // 4 × 2^⅞ µs
		"the bin at zero is linear":                    {one(0), 0.5, 1000},                      // half of 2 µs
		"a share of 0 is the first":                    {one(us, 40*time.Millisecond), 0, 1000},  //
		"a share below 0 too":                          {one(us, 40*time.Millisecond), -1, 1000}, //
		"a share above 1 is the last":                  {one(0, 3*us), 7, 2828},                  //
		"half of two is the first":                     {one(0, 3*us), 0.5, 1000},                // rank ⌈1⌉
		"above half of two is the second":              {one(0, 3*us), 0.51, 2828},               // rank ⌈1.02⌉
		"the last bin is drawn to twice its beginning": {one(5 * time.Hour), 0.5, 3037000499976}, // 2^31.5 µs
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := c.h.Quantile(c.q)
			if !ok || got != c.want {
				t.Errorf("got %d ns, %v; want %d ns", got, ok, c.want)
			}
		})
	}
}

func TestAShareWithoutBinaryFormHasItsRank(t *testing.T) {
	var h metrics.Histogram
	for range 7 {
		h.Observe(0)
	}
	for range 93 {
		h.Observe(time.Second)
	}
	if got, _ := h.Quantile(0.07); got >= 2*us { // 0.07 × 100 is 7.000000000000001
		t.Errorf("the seventh of 100 is in the first bin, got %v", got)
	}
}

func TestNothingCountedHasNoQuantile(t *testing.T) {
	var h metrics.Histogram
	if d, ok := h.Quantile(0.5); ok {
		t.Errorf("got %v", d)
	}
	h.Observe(time.Second)
	if d, ok := h.Quantile(math.NaN()); ok {
		t.Errorf("of a share that is no number: got %v", d)
	}
}

func TestCountsThatDoNotFitStayAtTheLargest(t *testing.T) {
	h := metrics.Histogram{0: math.MaxInt64, 3: 1}
	more := metrics.Histogram{0: 5}
	h.Add(&more)
	if h[0] != math.MaxInt64 || h.Count() != math.MaxInt64 {
		t.Errorf("got %d, %d", h[0], h.Count())
	}
	if _, ok := h.Quantile(1); !ok {
		t.Error("no quantile")
	}
}

// duration is spread over all bins, not over nanoseconds.
func duration() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		top := int64(1) << rapid.IntRange(0, 42).Draw(t, "magnitude")
		return time.Duration(rapid.Int64Range(0, top).Draw(t, "ns"))
	})
}

// exact is the nearest rank: the smallest value that at least n·permille/1000
// values do not exceed.
func exact(sorted []time.Duration, permille int) time.Duration {
	rank := (len(sorted)*permille + 999) / 1000
	return sorted[max(rank, 1)-1]
}

func TestAnEstimateLiesInTheBinOfTheExactQuantile(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.SliceOfN(duration(), 1, 300).Draw(r, "durations")
		var h metrics.Histogram
		for _, d := range all {
			h.Observe(d)
		}
		slices.Sort(all)
		last := time.Duration(0)
		for _, permille := range []int{0, 1, 70, 250, 500, 900, 950, 990, 999, 1000} {
			want := exact(all, permille)
			got, ok := h.Quantile(float64(permille) / 1000)
			switch {
			case !ok || metrics.Bin(got) != metrics.Bin(want):
				r.Errorf("p%d of %v: got %v, exact %v", permille, all, got, want)
			case got < last:
				r.Errorf("p%d is %v, below a smaller share's %v", permille, got, last)
			case want >= 2*us && want < 4294967296*us && (got > 2*want || want > 2*got):
				r.Errorf("p%d: %v is more than a factor of two from %v", permille, got, want)
			}
			last = got
		}
	})
}

func drawHistogram(t *rapid.T, label string) (h metrics.Histogram) {
	for _, d := range rapid.SliceOfN(duration(), 0, 20).Draw(t, label) {
		h.Observe(d)
	}
	return h
}

func TestHistogramsAddInAnyOrderAndGrouping(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a, b, c := drawHistogram(r, "a"), drawHistogram(r, "b"), drawHistogram(r, "c")
		left, right := a, c
		left.Add(&b)
		left.Add(&c) // (a + b) + c
		right.Add(&b)
		right.Add(&a) // (c + b) + a
		if diff := cmp.Diff(left, right); diff != "" {
			r.Errorf("-(a+b)+c +(c+b)+a:\n%s", diff)
		}
		if got, want := left.Count(), a.Count()+b.Count()+c.Count(); got != want {
			r.Errorf("got %d, want %d", got, want)
		}
	})
}
