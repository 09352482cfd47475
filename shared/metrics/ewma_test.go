package metrics_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/metrics"
)

func near(got, want time.Duration) bool {
	return math.Abs(float64(got-want)) <= 2+1e-9*math.Abs(float64(want))
}

func TestAMeanForgets(t *testing.T) {
	var m metrics.Mean
	m.Observe(100*time.Millisecond, 1, noon)
	m.Observe(200*time.Millisecond, 1, after(time.Minute))
	// (100/e + 200) / (1/e + 1) = (36.788 + 200) / 1.36788
	if got, ok := m.Value(); !ok || got.Round(time.Microsecond) != 173106*us {
		t.Errorf("got %v, %v", got, ok)
	}
	if got := m.Weight(after(time.Minute)); math.Abs(got-1.367879) > 1e-6 {
		t.Errorf("weight: got %v", got)
	}
	if got := m.Weight(after(2 * time.Minute)); math.Abs(got-0.503215) > 1e-6 { // 1/e² + 1/e
		t.Errorf("weight a minute later: got %v", got)
	}
}

func TestNothingObservedHasNoMeanAndNoPeak(t *testing.T) {
	var m metrics.Mean
	m.Observe(time.Second, 0, noon)
	if got, ok := m.Value(); ok {
		t.Errorf("mean: got %v", got)
	}
	if got := m.Weight(noon); got != 0 {
		t.Errorf("weight: got %v", got)
	}
	var p metrics.Peak
	if got, ok := p.Value(); ok {
		t.Errorf("peak: got %v", got)
	}
	p.Observe(0, noon)
	if got, ok := p.Value(); !ok || got != 0 {
		t.Errorf("a peak of 0 was observed: got %v, %v", got, ok)
	}
}

func TestAMeanDoesNotDependOnOrder(t *testing.T) {
	type seen struct {
		d  time.Duration
		n  int64
		at time.Time
	}
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) seen {
			return seen{duration().Draw(r, "d"), rapid.Int64Range(1, 9).Draw(r, "n"), after(time.Duration(rapid.IntRange(0, 600).Draw(r, "s")) * time.Second)}
		}), 1, 20).Draw(r, "observations")
		last := all[0].at
		for _, o := range all {
			if o.at.After(last) {
				last = o.at
			}
		}
		var m metrics.Mean
		var sum, weight float64
		for _, o := range all {
			m.Observe(o.d, o.n, o.at)
			w := float64(o.n) * math.Exp(-last.Sub(o.at).Seconds()/60)
			sum, weight = sum+w*float64(o.d), weight+w
		}
		got, ok := m.Value()
		if want := time.Duration(sum / weight); !ok || !near(got, want) {
			r.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestAPeakRisesAtOnceAndFallsSlowly(t *testing.T) {
	var p metrics.Peak
	value := func() time.Duration { d, _ := p.Value(); return d.Round(time.Microsecond) }
	p.Observe(100*time.Millisecond, noon)
	p.Observe(time.Second, after(time.Second))
	if value() != time.Second {
		t.Errorf("at once: got %v", value())
	}
	p.Observe(100*time.Millisecond, after(61*time.Second)) // 100 + 900/e
	if value() != 431091*us {
		t.Errorf("a minute later: got %v", value())
	}
	p.Observe(100*time.Millisecond, noon)
	if value() != 431091*us {
		t.Errorf("an old one lowered it to %v", value())
	}
	p.Observe(2*time.Second, noon)
	if value() != 2*time.Second {
		t.Errorf("an old one can raise it: got %v", value())
	}
	p.Observe(100*time.Millisecond, after(121*time.Second)) // a minute after the newest, not after the late one
	if value() != 798971*us {                               // 100 + 1,900/e
		t.Errorf("got %v", value())
	}
}

// However often it is asked, a provider that was slow and mended has exp(−t/τ)
// of the excess left.
func TestAMendedProviderRegainsItsPlaceHoweverOftenItIsAsked(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		fast, slow := 100*time.Millisecond, time.Duration(rapid.IntRange(100, 60_000).Draw(r, "slow ms"))*time.Millisecond
		var p metrics.Peak
		p.Observe(slow, noon)
		at := noon
		for range rapid.IntRange(1, 200).Draw(r, "calls") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(5*time.Second)).Draw(r, "pause")))
			p.Observe(fast, at)
		}
		left := float64(slow-fast) * math.Exp(-at.Sub(noon).Seconds()/60)
		if got, _ := p.Value(); !near(got, fast+time.Duration(left)) {
			r.Errorf("after %v: got %v, want %v", at.Sub(noon), got, fast+time.Duration(left))
		}
	})
}

func TestAPeakLiesWithinWhatWasObserved(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var p metrics.Peak
		all := rapid.SliceOfN(duration(), 1, 20).Draw(r, "durations")
		least, most := all[0], all[0]
		for _, d := range all {
			at := after(time.Duration(rapid.IntRange(0, 300).Draw(r, "s")) * time.Second)
			p.Observe(d, at)
			least, most = min(least, d), max(most, d)
			if got, ok := p.Value(); !ok || got < least-1 || got > most || got < d-1 {
				r.Errorf("%v after %v: within %v and %v", got, d, least, most)
			}
		}
	})
}
