package selection

import (
	"cmp"
	"math"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// figures is what policies compare of one breaker class, a column each.
type figures struct {
	paced   set       // those whose latency was measured
	pace    []float64 // latency in ns; of the others, the typical one
	paceAt  []int64   // Unix ns of the newest call in it
	typical []float64 // the median of the priority, in ns
	heard   []int64   // Unix ns of the newest call of any kind; math.MinInt64: none

	judged    set       // those with calls that judge them
	mean      []float64 // of the posterior of the success rate
	floor     []float64 // lower end of its 90 % interval
	available []float64 // machines delivered per machine wanted, or mean
	expected  []float64 // price of a delivered machine-hour or unit-hour; +Inf: not known
	adapted   []int64   // weights of ADAPTIVE
}

func newFigures(n int) figures {
	column := func() []float64 { return make([]float64, n) }
	return figures{
		paced: newSet(n), pace: column(), paceAt: make([]int64, n), typical: column(), heard: make([]int64, n),
		judged: newSet(n), mean: column(), floor: column(), available: column(), expected: column(), adapted: make([]int64, n),
	}
}

// measured notes what a provider's calls of one class say; a class without
// calls says nothing.
func (s *Snapshot) measured(i, ci int, m broker.Measured) {
	c, f := &s.classes[ci], &s.facts[i].live[ci]
	f.calls = m
	if m.Calls > 0 {
		c.judged.add(i)
		c.rated.add(i)
		c.success[i] = 100 * m.Successes / m.Calls
	}
	if m.Latency != nil {
		c.response[i] = *m.Latency
	}
	if pace, ok := m.Pace(); ok {
		c.paced.add(i)
		c.pace[i], c.paceAt[i] = float64(max(pace, 1)), unixNano(m.At)
	}
	c.heard[i] = unixNano(f.newest())
}

// compare computes, for one priority, what needs more than one of its members.
func (s *Snapshot) compare(c *class, ci, lo, hi int) {
	typical := median(lo, hi, func(i int) (float64, bool) { return c.pace[i], c.paced.has(i) })
	for i := lo; i < hi; i++ {
		if c.typical[i] = typical; !c.paced.has(i) {
			c.pace[i] = typical
		}
	}
	s.believe(c, ci, lo, hi)
	s.value(c, ci, lo, hi)
	s.adapt(c, lo, hi)
}

// priorCalls is how many calls the common rate of a priority is worth.
const priorCalls = 10

// believe sets the posterior of each success rate, and its lower end by the
// normal approximation, with 1.645 standard deviations below the mean.
func (s *Snapshot) believe(c *class, ci, lo, hi int) {
	common := s.rate(lo, hi, func(i int) (good, all float64) { m := &s.facts[i].live[ci].calls; return m.Successes, m.Calls })
	for i := lo; i < hi; i++ {
		m := &s.facts[i].live[ci].calls
		c.mean[i] = posterior(m.Successes, m.Calls, common)
		variance := float64(c.mean[i]*(1-c.mean[i])) / (max(m.Calls, 0) + priorCalls + 1)
		c.floor[i] = c.mean[i] - float64(1.6449*math.Sqrt(variance))
	}
}

// value sets what a delivered machine costs, or a delivered unit.
func (s *Snapshot) value(c *class, ci, lo, hi int) {
	copy(c.available[lo:hi], c.mean[lo:hi])
	delivery := func(i int) (good, all float64) { m := &s.facts[i].live[ci].calls; return m.Delivered, m.Wanted }
	asked := 0.0
	for i := lo; i < hi; i++ {
		asked += max(s.facts[i].live[ci].calls.Wanted, 0)
	}
	common := s.rate(lo, hi, delivery)
	lost := func(i int) (float64, bool) { l := s.facts[i].live[ci].calls.Lost; return deref(l), l != nil }
	usual := median(lo, hi, lost)
	for i := lo; i < hi; i++ {
		if asked > 0 {
			good, all := delivery(i)
			c.available[i] = posterior(good, all, common)
		}
		share, known := lost(i)
		if !known {
			share = usual
		}
		c.expected[i] = math.Inf(1)
		if kept := float64(c.available[i] * (1 - share)); !s.priceless.has(i) && kept > 0 {
			c.expected[i] = s.price[i] / cmp.Or(s.facts[i].fills, 1) / kept
		}
	}
}

// rate is the common rate of a priority; 1 where nothing was counted.
func (s *Snapshot) rate(lo, hi int, of func(i int) (good, all float64)) float64 {
	var good, all float64
	for i := lo; i < hi; i++ {
		if g, n := of(i); n > 0 {
			good += g
			all += n
		}
	}
	if all == 0 {
		return 1
	}
	return good / all
}

func posterior(good, all, common float64) float64 {
	if all <= 0 {
		return common
	}
	return (good + float64(priorCalls*common)) / (all + priorCalls)
}

// median is the middle of the values that are known in [lo, hi); without any,
// 0.
func median(lo, hi int, of func(i int) (float64, bool)) float64 {
	values := make([]float64, 0, hi-lo)
	for i := lo; i < hi; i++ {
		if v, ok := of(i); ok {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	n := len(values)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return values[n/2]
	default:
		return (values[n/2-1] + values[n/2]) / 2
	}
}

func deref(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}
