package selection

import (
	"fmt"
	"math"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// ADAPTIVE is WEIGHTED_ROUND_ROBIN with weights that follow how members do:
// weight × free share of the room × success² ÷ latency, each against the
// median of the priority, the product clamped to ⅛ … 8. What is not known
// counts as the median. With equal figures it is WEIGHTED_ROUND_ROBIN exactly.
//
// The product moves in steps of 1/16, so that the schedule stands still while
// figures only tremble; it is as new as the measurements that the snapshot
// holds, which are folded every 10 s at most.
var adaptive = policy{
	name: broker.Adaptive, tickets: true, measures: true,
	rank: func(places []int, r *Result, t *tier) int {
		return r.alongSchedule(places, r.scheduleOf(t, r.class().adapted))
	},
	share: func(r *Result, t *tier, pick int) float64 { return r.scheduleOf(t, r.class().adapted).share(pick) },
	figure: func(r *Result, i int) string {
		weight := r.in.Query.snapshot.weight[i]
		return fmt.Sprintf("weight %d × %s", weight, number(float64(r.class().adapted[i])/float64(max(weight, 1)*steps)))
	},
}

// steps is how many steps of the factor make 1.
const steps = 16

// adapt sets the adapted weights of one priority.
func (s *Snapshot) adapt(c *class, lo, hi int) {
	free := median(lo, hi, func(i int) (float64, bool) { return 1 - s.used[i], s.used[i] >= 0 })
	success := median(lo, hi, func(i int) (float64, bool) { return c.mean[i], c.judged.has(i) })
	pace := median(lo, hi, func(i int) (float64, bool) { return c.pace[i], c.paced.has(i) })
	for i := lo; i < hi; i++ {
		f := 1.0
		if s.used[i] >= 0 {
			f = against(1-s.used[i], free)
		}
		if c.judged.has(i) {
			ratio := against(c.mean[i], success)
			f = float64(f * float64(ratio*ratio))
		}
		if c.paced.has(i) {
			f = float64(f * against(pace, c.pace[i]))
		}
		c.adapted[i] = s.weight[i] * int64(min(max(math.Round(f*steps), steps/8), steps*8))
	}
}

// against is x ÷ y, within what the clamp can see: nothing against nothing is
// 1.
func against(x, y float64) float64 {
	switch {
	case x == y:
		return 1
	case y <= 0:
		return 64
	default:
		return min(max(x/y, 1.0/64), 64)
	}
}
