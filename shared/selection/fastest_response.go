package selection

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// FASTEST_RESPONSE takes the better of two members that the ticket draws, by
// latency × (calls in flight + 1) / weight. The latency is the peak-EWMA of
// successes, where a failure counts as its timeout. It fades to the median of
// the priority with the age of the data, so that who was slow is tried again,
// and who was never measured is the median. The smallest of all would draw
// every caller to one provider until the next figures show what that did.
var fastestResponse = policy{
	name: broker.FastestResponse, tickets: true, measures: true,
	rank: func(places []int, r *Result, t *tier) int { return r.twoChoices(places, r.left, t, byPace) },
	share: func(r *Result, t *tier, pick int) float64 {
		return r.twoChoicesShare(pick, r.left, t, byPace)
	},
	figure: func(r *Result, i int) string {
		s, c := r.in.Query.snapshot, r.class()
		note := "expected"
		if !c.paced.has(i) {
			note = "expected, the median: not measured"
		}
		pace := time.Duration(r.pace(i)).Round(time.Millisecond / 10)
		return fmt.Sprintf("%s %s, %d in flight, weight %d", pace, note, s.busy[i], s.weight[i])
	},
}

func byPace(r *Result, i int) float64 {
	return float64(r.pace(i) * r.in.Query.snapshot.load[i])
}

// pace is the latency that is expected of a provider now, in ns.
func (r *Result) pace(i int) float64 {
	c := r.class()
	return c.typical[i] + float64((c.pace[i]-c.typical[i])*fade(unixNano(r.in.Now)-c.paceAt[i]))
}

// halfPace is the age at which half of what is peculiar to a latency is
// forgotten: τ × ln 2, with τ = 60 s.
const halfPace = 41_588_830_834

// fade is e^(−age/τ), by straight lines between the powers of ½: at most 6 %
// too large, and the same on every processor.
func fade(age int64) float64 {
	f := 1.0
	for age = max(age, 0); age >= halfPace; age -= halfPace {
		if f /= 2; f < 1e-6 {
			return 0
		}
	}
	return float64(f * (1 - float64(age)/(2*halfPace)))
}
