package catalog_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

func (s *site) metrics(body string) query.MetricsAnswer {
	s.Helper()
	return decode[query.MetricsAnswer](s, s.ok(s.call("getProviderMetrics", body)).Body)
}

func of[T any](v T) *T { return &v }

func TestWhatWasMeasuredIsWhatHappened(t *testing.T) {
	inSite(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		slow := func(d time.Duration) { s.sims["a"].Script(sim.Create, sim.Step{Latency: d}) }
		slow(100 * time.Millisecond)
		s.execute(create(1, ""))
		slow(300 * time.Millisecond)
		s.execute(create(1, ""))
		s.execute(create(3, "")) // one here, two at b
		s.execute(only("a"))     // none
		last := time.Now()
		v := s.metrics(`{"provider_name": "a", "time_range_hours": 1, "include_operation_breakdown": true, "include_error_details": true}`)
		s.equal(query.CountsView{
			TotalOperations: 4, SuccessfulOperations: 3, PartialOperations: 1, FailedOperations: 1, FailedByClass: map[string]int64{"CAPACITY": 1},
			SuccessRate: of(75.0), AverageResponseTimeMS: of(133.333), Machines: 3,
			P50MS: v.P50MS, P95MS: v.P95MS, P99MS: v.P99MS,
		}, v.CountsView)
		within := func(name string, got *float64, low, high float64) {
			if got == nil || *got < low || *got > high {
				s.Errorf("%s: want %g to %g, got %v", name, low, high, got)
			}
		}
		within("p50", v.P50MS, 65.536, 131.072) // the bin of 100 ms
		within("p95", v.P95MS, 262.144, 524.288)
		within("p99", v.P99MS, 262.144, 524.288)
		s.equal(v.CountsView, v.Operations["CREATE_INSTANCES"])
		s.equal(1, len(v.Operations))
		s.equal(last.UnixMilli(), v.LastUsedTime.UnixMilli())
		if len(v.Errors) != 1 || v.Errors[0].Count != 2 || v.Errors[0].LastMessage == "" {
			s.Errorf("errors: %+v", v.Errors)
		}
		var inSeries, failed int64
		for _, p := range v.Series {
			inSeries, failed = inSeries+p.TotalOperations, failed+p.FailedOperations
		}
		s.equal([]int64{4, 1, 60}, []int64{inSeries, failed, int64(len(v.Series))})
	})
}

func TestWhatWasNotMeasuredIsAbsentAndNotZero(t *testing.T) {
	inSite(t, map[string]int{"a": 3, "b": 9}, func(s *site) {
		all := s.metrics(`{"time_range_hours": 840}`)
		s.equal(2, *all.TotalProviders)
		v := all.Providers["a"]
		s.equal(query.CountsView{}, v.CountsView)
		if v.LastUsedTime != nil || v.Cost != nil || v.Operations != nil || v.Errors != nil || all.MetricsView != nil {
			s.Errorf("want nothing, got %+v", v)
		}
		a, err := s.call("getProviderMetrics", `{"provider_name": "nobody"}`)
		s.refused(fault.NotFound, a, err)
	})
}

func TestAHealthCheckIsCountedAsOne(t *testing.T) {
	inSite(t, map[string]int{"a": 3}, func(s *site) {
		s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
		v := s.metrics(`{"provider_name": "a", "include_operation_breakdown": true}`)
		s.equal(int64(1), v.Operations["HEALTH_CHECK"].SuccessfulOperations)
	})
}

func TestAnAttemptWhoseReplyIsLostIsAFailureOnceAndItsMachinesAreCounted(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		s.execute(create(3, ""))
		v := s.metrics(`{"provider_name": "a"}`)
		s.equal([]int64{1, 1, 3}, []int64{v.TotalOperations, v.FailedOperations, v.Machines})
	})
}

func TestACountThatCannotBeWrittenKeepsNobody(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.store.setGate(func(_ context.Context, write string, after bool) error {
			if write == "count" && !after {
				return fault.New(fault.StoreUnavailable, "as the test wants")
			}
			return nil
		})
		v, code := s.execute(create(2, ""))
		s.equal(fault.Code(""), code)
		s.equal(broker.OpSucceeded, v.Status)
		s.equal(int64(0), s.metrics(`{"provider_name": "a"}`).TotalOperations)
	})
}

func TestCostIsOfPricesThatAreKnown(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.execute(create(2, ""))
		pass(90 * time.Minute)
		c := s.metrics(`{"provider_name": "a"}`).Cost
		two := query.CostShare{Machines: 2, MachineHours: 3}
		s.equal(query.CostView{CostShare: two, ByTemplate: map[string]query.CostShare{"t": two}}, *c)
	})
}

func TestTheTickTellsSelectionWhatWasMeasured(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 40 * time.Millisecond}, sim.Step{Err: fails(fault.Server, false)})
		s.execute(create(1, `, "strategy_override": "a"`))
		s.execute(create(1, `, "strategy_override": "a", "retry_count": 0`))
		last := time.Now()
		list := func() map[string]query.MeasuredView {
			return decode[query.ProviderList](s, s.ok(s.call("listAvailableProviders", `{"include_metrics": true}`)).Body).Providers[0].Metrics
		}
		s.equal(map[string]query.MeasuredView(nil), list())
		pass(time.Second)
		s.tick()
		v := list()["mutate"]
		s.equal(last.UnixMilli(), v.LastUsedTime.UnixMilli())
		v.LastUsedTime = nil
		s.equal(query.MeasuredView{Calls: 2, SuccessRate: of(50.0), AverageResponseTimeMS: of(40.0)}, v)

		snap, err := s.stored.FreshSnapshot(s.Context())
		if err != nil {
			s.Fatal(err)
		}
		m := snap.Providers[0].Measured[broker.ClassMutate]
		s.equal([]float64{1, 2, 1, 2}, []float64{m.Successes, m.Calls, m.Delivered, m.Wanted})
		s.equal(map[string]broker.Measured(nil), snap.Providers[1].Measured)

		pass(2 * time.Hour)
		s.tick()
		v = list()["mutate"]
		s.equal(last.UnixMilli(), v.LastUsedTime.UnixMilli())
		v.LastUsedTime = nil
		s.equal(query.MeasuredView{}, v)
	})
}

func TestATickThatFindsNothingNewWritesNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.execute(create(1, ""))
		s.tick()
		at := func() time.Time {
			snap, err := s.stored.FreshSnapshot(s.Context())
			if err != nil {
				s.Fatal(err)
			}
			return snap.Providers[0].DigestAt
		}
		made := at()
		pass(time.Minute)
		s.tick()
		s.equal(made, at())
		s.execute(create(1, ""))
		s.tick()
		s.equal(time.Now().UTC(), at())
	})
}

// TestAWindowIsTheSameWhetherItsHoursWereRolledUp lets the tick pass for three
// days: minutes of the first are gone by then.
func TestAWindowIsTheSameWhetherItsHoursWereRolledUp(t *testing.T) {
	inMemory(t, map[string]int{"a": 1000}, func(s *site) {
		made := int64(0)
		for range 3 * 24 {
			for range 6 {
				pass(10 * time.Minute)
				s.tick()
			}
			s.execute(create(1, ""))
			made++
		}
		for hours, want := range map[int]int64{840: made, 48: 48, 24: 24, 2: 2, 1: 1} {
			v := s.metrics(fmt.Sprintf(`{"provider_name": "a", "time_range_hours": %d}`, hours))
			if v.TotalOperations < want || v.TotalOperations > min(want+1, made) || v.Missing != nil {
				s.Errorf("%d hours: want %d, or one more at an edge, got %d; missing %v", hours, want, v.TotalOperations, v.Missing)
			}
		}
	})
}
