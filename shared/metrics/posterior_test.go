package metrics_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/metrics"
)

func TestWithoutCallsAPosteriorIsThePrior(t *testing.T) {
	got := metrics.Pool(nil).Posterior(metrics.Tally{})
	// Beta(5, 5): symmetric; its 5th percentile is 0.25137 in tables.
	if got.Mean != 0.5 || math.Abs(got.Low-0.2513668) > 1e-6 || math.Abs(got.High-0.7486332) > 1e-6 {
		t.Errorf("got %+v", got)
	}
}

func TestThePriorIsThePooledRateWorthTenCalls(t *testing.T) {
	prior := metrics.Pool([]metrics.Tally{{Good: 90, Bad: 4}, {Good: 4}}) // (94 + 1) / (98 + 2)
	for tally, want := range map[metrics.Tally]float64{
		{}:                   0.95,
		{Good: 10}:           0.975,                    // (10 + 9.5) / 20
		{Bad: 10}:            0.475,                    // 9.5 / 20
		{Good: 90, Bad: 10}:  99.5 / 110,               //
		{Good: -5, Bad: -1}:  0.95,                     // counts are never negative
		{Good: 1e15, Bad: 0}: (1e6 + 9.5) / (1e6 + 10), // scaled down
	} {
		if got := prior.Posterior(tally).Mean; math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: got %v, want %v", tally, got, want)
		}
	}
}

func TestThreeOfThreeDoesNotBeat990Of1000(t *testing.T) {
	few, many := metrics.Tally{Good: 3}, metrics.Tally{Good: 990, Bad: 10}
	prior := metrics.Pool([]metrics.Tally{few, many})
	best, other := prior.Posterior(few), prior.Posterior(many)
	if best.Mean < other.Mean {
		best, other = other, best
	}
	if !other.Reaches(best) || !best.Reaches(best) {
		t.Errorf("%+v does not reach %+v", other, best)
	}
	bad := metrics.Tally{Good: 500, Bad: 500}
	prior = metrics.Pool([]metrics.Tally{bad, many})
	if prior.Posterior(bad).Reaches(prior.Posterior(many)) {
		t.Error("half of 1,000 reaches 990 of 1,000")
	}
}

// binomial is the probability of at least a successes in n tries: for whole
// parameters the beta distribution's, I_x(a, b) with n = a + b − 1.
func binomial(a, n int, x float64) float64 {
	p := 0.0
	for j := a; j <= n; j++ {
		c, _ := math.Lgamma(float64(n + 1))
		i, _ := math.Lgamma(float64(j + 1))
		k, _ := math.Lgamma(float64(n - j + 1))
		p += math.Exp(c - i - k + float64(j)*math.Log(x) + float64(n-j)*math.Log1p(-x))
	}
	return p
}

func TestFivePercentLieBelowAndAboveTheInterval(t *testing.T) {
	even := metrics.Pool(nil) // Beta(5, 5): parameters stay whole
	rapid.Check(t, func(r *rapid.T) {
		size := rapid.SampledFrom([]int{3, 50, 2000})
		good, bad := rapid.IntRange(0, size.Draw(r, "size")).Draw(r, "good"), rapid.IntRange(0, size.Draw(r, "size")).Draw(r, "bad")
		p := even.Posterior(metrics.Tally{Good: int64(good), Bad: int64(bad)})
		a, n := good+5, good+bad+9
		if low, high := binomial(a, n, p.Low), binomial(a, n, p.High); math.Abs(low-0.05) > 1e-6 || math.Abs(high-0.95) > 1e-6 {
			r.Errorf("%d of %d: %v below %v, %v below %v", good, good+bad, low, p.Low, high, p.High)
		}
	})
}

func TestAnIntervalOfAMillionCallsIsThatOfANormalDistribution(t *testing.T) {
	p := metrics.Pool(nil).Posterior(metrics.Tally{Good: 500_000, Bad: 500_000})
	// The standard deviation is √(1/4 / 10^6) = 0.0005; 5 % lie 1.64485 of it below.
	if math.Abs(p.Low-0.49917757) > 1e-7 || math.Abs(p.High-0.50082243) > 1e-7 {
		t.Errorf("got %+v", p)
	}
}

func TestAPosteriorIsOrderedAndMovesWithItsCalls(t *testing.T) {
	counts := rapid.SampledFrom([]int64{0, 1, 3, 10, 1000, 1e6, 1e12, math.MaxInt64})
	tally := rapid.Custom(func(r *rapid.T) metrics.Tally {
		return metrics.Tally{Good: counts.Draw(r, "good"), Bad: counts.Draw(r, "bad")}
	})
	rapid.Check(t, func(r *rapid.T) {
		own := tally.Draw(r, "own")
		prior := metrics.Pool(append(rapid.SliceOfN(tally, 0, 4).Draw(r, "others"), own))
		p := prior.Posterior(own)
		if !(0 <= p.Low && p.Low <= p.Mean && p.Mean <= p.High && p.High <= 1) {
			r.Errorf("%v: got %+v", own, p)
		}
		if own.Calls() < 1000 {
			if q := prior.Posterior(metrics.Tally{Good: own.Good + 1, Bad: own.Bad}); q.Mean < p.Mean || q.Low < p.Low-1e-9 {
				r.Errorf("one more success: %+v, before %+v", q, p)
			}
			if q := prior.Posterior(metrics.Tally{Good: own.Good, Bad: own.Bad + 1}); q.Mean > p.Mean || q.High > p.High+1e-9 {
				r.Errorf("one more failure: %+v, before %+v", q, p)
			}
		}
	})
}
