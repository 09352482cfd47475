package metrics

import "math"

// PriorCalls is how many calls the pooled prior is worth.
const PriorCalls = 10

// Tally is what speaks for and against a provider: successes, and failures
// that are [Evidence].
type Tally struct {
	Good int64 `json:"good"`
	Bad  int64 `json:"bad"`
}

// Calls returns both together.
func (t Tally) Calls() int64 { return plus(t.Good, t.Bad) }

// Prior is what is believed of a provider before it was called: a beta
// distribution worth [PriorCalls] calls. Make it with [Pool].
type Prior struct{ good, bad float64 }

// Pool makes the prior of all providers together: their common rate, with one
// success and one failure added (Laplace's rule of succession), so that it is
// never quite 0 or 1; without any calls it is one half.
func Pool(all []Tally) Prior {
	var sum Tally
	for _, t := range all {
		sum.Good, sum.Bad = plus(sum.Good, t.Good), plus(sum.Bad, t.Bad)
	}
	good, bad := float64(sum.Good)+1, float64(sum.Bad)+1
	return Prior{good: PriorCalls * good / (good + bad), bad: PriorCalls * bad / (good + bad)}
}

// Posterior is what is believed of a provider's success rate after its calls.
type Posterior struct {
	Mean      float64 // in (0, 1)
	Low, High float64 // 90 % of the probability lies between; widened to Mean where a skewed one leaves it out
}

// Reaches reports whether p cannot be told from the best, the posterior with
// the highest mean: its mean lies within the best one's interval. The best
// reaches itself.
func (p Posterior) Reaches(best Posterior) bool { return p.Mean >= best.Low }

// mostCalls bounds how many calls a posterior counts. More are scaled down,
// which leaves the mean and makes the interval wider than it could be.
const mostCalls = 1e6

// digits to which results are rounded: processors differ in the last bits of
// exponentials, and a decision must be the same on each.
const digits = 1e9

// Posterior returns what is believed after the calls of t; after none, the
// prior itself. It takes some microseconds: compute it with the summary, not
// within a selection.
func (p Prior) Posterior(t Tally) Posterior {
	good, bad := float64(max(t.Good, 0)), float64(max(t.Bad, 0))
	if n := good + bad; n > mostCalls {
		good, bad = good/n*mostCalls, bad/n*mostCalls
	}
	d := beta{good + p.good, bad + p.bad}
	m := round(d.mean())
	return Posterior{Mean: m, Low: min(m, round(d.quantile(0.05))), High: max(m, round(d.quantile(0.95)))}
}

func round(x float64) float64 { return math.Round(x*digits) / digits }
