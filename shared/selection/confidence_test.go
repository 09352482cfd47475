package selection_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// uneven is a tier whose members differ in all that policies read.
func uneven(n int) broker.Snapshot {
	s := snapshot()
	for i := range n {
		latency := time.Duration(10+i%3*10) * time.Millisecond
		v := provider(fmt.Sprintf("p%02d", i), weight(10+i%4*10), price(1+float64(i%3)), room(1+i%5, 5), did(broker.Measured{
			At: noon.Add(-time.Duration(i%4) * time.Second), Calls: 1000, Successes: 990 - float64(i%2*300), Peak: &latency,
		}))
		v.Live = map[string]broker.Live{broker.ClassMutate: {InFlight: map[int64]int64{noon.Unix() / 60: int64(i % 3)}}}
		v.Health.CheckedAt = noon // so that confidence is the share
		s.Providers = append(s.Providers, v)
	}
	return s
}

func TestConfidenceIsHowOftenTheProviderIsPicked(t *testing.T) {
	const tickets = 33 * 256
	for _, policy := range selection.Policies() {
		for _, n := range []int{2, 5, 20} {
			for _, request := range []selection.Request{create(), create(reads)} {
				picks := newSeries(policy, uneven(n), request)
				counts, told := map[string]int{}, map[string]float64{}
				for ticket := range tickets {
					name := picks.pick(ticket)
					counts[name]++
					if _, ok := told[name]; !ok {
						told[name] = picks.result.Confidence()
					}
				}
				for name, share := range told {
					got := float64(counts[name]) / tickets
					if sd := math.Sqrt(share * (1 - share) / tickets); math.Abs(got-share) > 4*sd+1e-3 {
						t.Errorf("%s of %d: %s has %.4f of the picks, confidence says %.4f", policy, n, name, got, share)
					}
				}
			}
		}
	}
}

func TestOneThatStartsSlowlyHoldsItsShareTimesItsRamp(t *testing.T) {
	s := snapshot(provider("a", ramping(30*time.Second), checkedNow), provider("b", checkedNow), provider("c", checkedNow), provider("d", checkedNow))
	picks := newSeries(broker.FastestResponse, s, create())
	for ticket := range 100 {
		want := 0.25
		if picks.pick(ticket) == "a" {
			want = 0.25 * 0.55
		}
		if got := picks.result.Confidence(); math.Abs(got-want) > 1e-9 {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func checkedNow(v *broker.ProviderView) { v.Health.CheckedAt = noon }

func TestMeasurementsAreEvidence(t *testing.T) {
	r := decide(snapshot(provider("a", did(broker.Measured{At: noon.Add(-20 * time.Second)}))), create())
	if got := r.Confidence(); got != 0.75 {
		t.Errorf("got %v, want ¾", got)
	}
}
