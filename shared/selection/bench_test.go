package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// crowd is a snapshot of n providers, every seventh of which some rule of
// fullRequest refuses.
func crowd(n int) *broker.Snapshot {
	s := &broker.Snapshot{TakenAt: noon.Add(-time.Second), Config: broker.DefaultConfig()}
	for i := range n {
		v := broker.ProviderView{
			Name: fmt.Sprintf("provider-%04d", i), Kind: "static", Enabled: true, Weight: 100 + i%4, Order: int64(i),
			Priority: i % 3, Zone: fmt.Sprintf("zone-%d", i%4), PricePerHour: ptr(0.1 + float64(i%5)/10),
			Capabilities: map[string]any{"instances": true, "spot_instances": i%7 != 1, "load_balancers": true},
			Health:       broker.Health{State: broker.Healthy, ResponseTime: time.Duration(i%50) * time.Millisecond, CheckedAt: noon.Add(-20 * time.Second)},
			Live:         map[string]broker.Live{broker.ClassMutate: {}},
		}
		var l broker.Live
		l.Ring[0] = broker.Bucket{Slot: s.TakenAt.Unix() / 10, Good: 99, Bad: int64(i % 2)}
		switch i % 7 {
		case 2:
			l.State, l.OpenUntil = broker.Open, noon.Add(time.Minute)
		case 3:
			v.Health.State = broker.Unhealthy
		case 4:
			l.State, l.OpenUntil = broker.Open, noon.Add(-time.Minute)
		}
		l.InFlight = map[int64]int64{noon.Unix() / 60: int64(i % 5)}
		v.Live[broker.ClassMutate] = l
		v.Measured = map[string]broker.Measured{broker.ClassMutate: {
			At: noon.Add(-time.Duration(i%40) * time.Second), Successes: 100 - float64(i%3), Calls: 100,
			Latency: ptr(time.Duration(10+i%30) * time.Millisecond), Wanted: 50, Delivered: 50 - float64(i%2),
		}}
		v.Place = broker.Place{Region: fmt.Sprintf("region-%d", i%5), Geography: "eu", Point: &broker.Point{Latitude: float64(i % 90)}}
		v.Room = &broker.Room{Free: 1 + i%9, Limit: 10}
		s.Providers = append(s.Providers, v)
	}
	return s
}

// fullRequest uses every criterion at once.
func fullRequest() selection.Request {
	return selection.Request{
		Operation: broker.CreateInstances,
		Origin:    broker.Origin{Zone: "zone-1"},
		Drivers:   map[string][]broker.OperationType{"static": nil},
		Fallbacks: []string{"provider-0009"},
		Criteria: broker.Criteria{
			RequiredCapabilities: []string{"instance_management", "spot_instances"},
			RequireHealthy:       ptr(true),
			ExcludeStrategies:    []string{"provider-0000", "provider-0003"},
			PreferStrategies:     []string{"provider-0006"},
			MaxCostPerHour:       ptr(0.45),
			Zones:                []string{"zone-0", "zone-1", "zone-2"},
			MinSuccessRate:       ptr(90.0),
			MaxResponseTimeMS:    ptr(45.0),
		},
	}
}

func BenchmarkSelect(b *testing.B) {
	for _, policy := range selection.Policies() {
		for _, n := range []int{10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", policy, n), func(b *testing.B) {
				q := selection.Compile(crowd(n)).Prepare(fullRequest())
				var dst selection.Result
				var ticket int64
				b.ReportAllocs()
				for b.Loop() {
					selection.Select(&dst, selection.Input{Query: q, Policy: policy, Ticket: ticket, AffinityKey: "job", Now: noon})
					ticket++
				}
				if _, ok := dst.Picked(); !ok {
					b.Fatal("nobody was eligible")
				}
			})
		}
	}
}

func BenchmarkPrepare(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s, r := selection.Compile(crowd(n)), fullRequest()
			b.ReportAllocs()
			for b.Loop() {
				s.Prepare(r)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := crowd(n)
			b.ReportAllocs()
			for b.Loop() {
				selection.Compile(s)
			}
		})
	}
}
