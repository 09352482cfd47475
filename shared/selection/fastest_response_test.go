package selection_test

import (
	"math"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// paced answers in so long; it was last heard of so long ago.
func paced(latency, ago time.Duration) func(*broker.ProviderView) {
	return did(broker.Measured{At: noon.Add(-ago), Peak: &latency})
}

func TestFastestResponseTakesTheFasterOfTwoAndNobodyGetsMoreThanItsChanceToBeDrawn(t *testing.T) {
	s := snapshot()
	for i, name := range []string{"a", "b", "c", "d", "e"} {
		s.Providers = append(s.Providers, provider(name, paced(time.Duration(1+i)*10*time.Millisecond, 0)))
	}
	// Of the ten pairs a wins four, b three, and so on; e none.
	want := map[string]float64{"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}
	counts := newSeries(broker.FastestResponse, s, create()).counts(20_000)
	if x := chiSquare(counts, want); x > 16.3 || counts["e"] != 0 { // 99.9 % of 3 degrees
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

func TestUnknownLatencyIsTheMedian(t *testing.T) {
	s := snapshot(
		provider("fast", paced(10*time.Millisecond, 0)), provider("medium", paced(20*time.Millisecond, 0)),
		provider("slow", paced(30*time.Millisecond, 0)), provider("new"),
	)
	picks := newSeries(broker.FastestResponse, s, create())
	counts := picks.counts(24_000)
	// Of the six pairs fast wins three, medium and new one each and half of
	// theirs, slow none.
	want := map[string]float64{"fast": 0.5, "medium": 0.25, "new": 0.25}
	if x := chiSquare(counts, want); x > 13.8 || counts["slow"] != 0 { // 99.9 % of 2 degrees
		t.Errorf("chi-square %v: %v", x, counts)
	}
}

func TestOldLatencyFadesToTheMedian(t *testing.T) {
	slow := func(ago time.Duration) map[string]int {
		return newSeries(broker.FastestResponse, snapshot(
			provider("slow", paced(100*time.Millisecond, ago)), provider("b", paced(20*time.Millisecond, 0)),
			provider("c", paced(20*time.Millisecond, 0), busy(2)),
		), create()).counts(3000)
	}
	if got := slow(0); got["slow"] != 0 {
		t.Errorf("fresh: %v", got)
	}
	// After 2 τ a seventh of the 80 ms is left: 31 ms against 20 × 3 in flight.
	if got := slow(2 * time.Minute); got["slow"] < 900 || got["slow"] > 1100 {
		t.Errorf("after two minutes: %v", got)
	}
	if got := slow(24 * time.Hour); got["slow"] < 1400 {
		t.Errorf("after a day: %v", got)
	}
}

// plant is four providers with calls in flight and a peak-EWMA each, asked at a
// steady rate.
type plant struct {
	now    time.Time
	last   time.Time // figures were renewed
	picks  *series
	slow   float64 // how many times slower "a" is
	peak   map[string]float64
	heard  map[string]time.Time
	ends   map[string][]time.Time
	counts map[string]int
}

const serviceTime = 200 * time.Millisecond

// run asks every 20 ms for so long and returns the share of "a".
func (p *plant) run(long time.Duration) float64 {
	p.counts = map[string]int{}
	for end := p.now.Add(long); p.now.Before(end); p.now = p.now.Add(20 * time.Millisecond) {
		if p.now.Sub(p.last) >= time.Second {
			p.renew()
		}
		p.picks.now = p.now
		name := p.picks.pick(p.total())
		p.counts[name]++
		took := serviceTime
		if name == "a" {
			took = time.Duration(p.slow * float64(took))
		}
		p.ends[name] = append(p.ends[name], p.now.Add(took))
		p.observe(name, took)
	}
	total := 0
	for _, n := range p.counts {
		total += n
	}
	return float64(p.counts["a"]) / float64(total)
}

func (p *plant) total() int { return int(p.now.Sub(noon) / (20 * time.Millisecond)) }

// observe is a peak-EWMA with τ = 60 s.
func (p *plant) observe(name string, took time.Duration) {
	w := math.Exp(-p.now.Sub(p.heard[name]).Seconds() / 60)
	p.peak[name] = max(float64(took), p.peak[name]*w+float64(took)*(1-w))
	p.heard[name] = p.now
}

func (p *plant) renew() {
	s := snapshot()
	s.TakenAt, p.last = p.now, p.now
	for _, name := range []string{"a", "b", "c", "d"} {
		var running []time.Time
		for _, end := range p.ends[name] {
			if end.After(p.now) {
				running = append(running, end)
			}
		}
		p.ends[name] = running
		s.Providers = append(s.Providers, provider(name, func(v *broker.ProviderView) {
			m := broker.Measured{At: p.heard[name], Peak: ptr(time.Duration(p.peak[name]))}
			v.Measured = map[string]broker.Measured{broker.ClassMutate: m}
			v.Live = map[string]broker.Live{broker.ClassMutate: {InFlight: map[int64]int64{p.now.Unix() / 60: int64(len(running))}}}
		}))
	}
	p.picks = newSeries(broker.FastestResponse, s, create())
}

func TestAProviderThatGetsSlowerLosesItsShareWithinTwoTauAndRegainsIt(t *testing.T) {
	p := &plant{now: noon, slow: 1, peak: map[string]float64{}, heard: map[string]time.Time{}, ends: map[string][]time.Time{}}
	p.run(2 * time.Minute)
	before := p.run(time.Minute)
	p.slow = 8
	p.run(2 * time.Minute)
	during := p.run(time.Minute)
	p.slow = 1
	p.run(2 * time.Minute)
	after := p.run(time.Minute)
	t.Logf("share of four: %.3f, eight times slower %.3f, mended %.3f", before, during, after)
	if before < 0.2 || during > before/4 || after < before/2 {
		t.Errorf("share %.3f before, %.3f while slow, %.3f mended", before, during, after)
	}
}
