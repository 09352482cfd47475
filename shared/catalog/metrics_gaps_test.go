package catalog_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
)

// TestCostIsOfMachinesThatEndedToo by hand: at 0.5 an hour, one machine of
// template t runs 90 minutes and one 180, and one of template u 60.
func TestCostIsOfMachinesThatEndedToo(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.sims["a"] = sim.New(sim.Options{Name: "a", Free: 9, Now: time.Now, Account: "42"})
		priced := strings.Replace(registration("a"), `"provider_type"`, `"price_per_hour": 0.5, "version": 1, "provider_type"`, 1)
		s.ok(s.call("registerProviderStrategy", priced))
		s.ok(s.call("registerTemplate", `{"template_id": "u"}`))
		v, _ := s.execute(create(2, ""))
		pass(90 * time.Minute)
		s.execute(end(machines(v)[0]))
		pass(30 * time.Minute)
		s.execute(`{"operation_type": "CREATE_INSTANCES", "parameters": {"template_id": "u", "count": 1}}`)
		pass(60 * time.Minute)
		share := func(n int64, hours, cost float64) query.CostShare {
			return query.CostShare{Machines: n, MachineHours: hours, PricedHours: hours, Estimated: of(cost)}
		}
		s.equal(query.CostView{
			CostShare:  share(3, 5.5, 2.75),
			ByTemplate: map[string]query.CostShare{"t": share(2, 4.5, 2.25), "u": share(1, 1, 0.5)},
			ByAccount:  map[string]query.CostShare{"42": share(3, 5.5, 2.75)},
		}, *s.metrics(`{"provider_name": "a", "time_range_hours": 24}`).Cost)
		// The window of two hours began 61 minutes after the first machines did: 29, 119 and 60 minutes,
		// 0.241667 and 0.991667 and 0.5, each to the millionth.
		two := s.metrics(`{"provider_name": "a", "time_range_hours": 2}`).Cost
		s.equal([]float64{3.4667, 1.733334}, []float64{two.MachineHours, *two.Estimated})
		// Of one hour the machine that ended before it is not there: 59 and 59.
		one := s.metrics(`{"provider_name": "a", "time_range_hours": 1}`).Cost
		s.equal([]any{int64(2), 1.9667}, []any{one.Machines, one.MachineHours})
	})
}

func TestAWorkerThatDiedIsAFailureOnceAndItsMachinesAreCounted(t *testing.T) {
	for name, c := range map[string]struct {
		dies  string
		class string
	}{"after it called": {"outcome", "SERVER"}, "before it called": {"sent", "REFUSED"}} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9}, func(s *site) {
				died := false
				s.store.setGate(func(_ context.Context, write string, after bool) error {
					if strings.HasPrefix(write, c.dies) && !after && !died {
						died = true
						return errDead
					}
					return nil
				})
				v, code := s.execute(create(3, ""))
				s.equal(fault.Code(""), code)
				s.later(v.ID, 3)
				got := s.metrics(`{"provider_name": "a"}`)
				s.equal(int64(3), got.Machines)
				s.equal(map[string]int64{c.class: 1}, got.FailedByClass)
				s.equal(int64(1), got.FailedOperations)
				s.truth(3)
			})
		})
	}
}

// TestWhatAProviderTakesBackIsToldAsAShareAnHour by hand: of four machines one
// is gone after 31 minutes and three run for 66.
func TestWhatAProviderTakesBackIsToldAsAShareAnHour(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		v, _ := s.execute(create(4, ""))
		s.tick()
		pass(31 * time.Minute)
		s.sims["a"].Vanish(machines(v)[0])
		s.equal(1, s.sweep().Lost)
		s.tick()
		s.equal((*float64)(nil), s.lossOf("a"))
		pass(35 * time.Minute)
		s.tick()
		got, want := s.lossOf("a"), 60.0/(3*66+31)
		if got == nil || math.Abs(*got-want) > 1e-9 {
			s.Fatalf("want %g, got %v", want, got)
		}
		pass(time.Minute)
		s.tick()
		s.equal(*got, *s.lossOf("a")) // until the next hour
	})
}

func (s *site) lossOf(provider string) *float64 {
	s.Helper()
	snap, err := s.stored.Snapshot(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range snap.Providers {
		if p.Name == provider {
			return p.Measured[broker.ClassMutate].Lost
		}
	}
	return nil
}

func TestAProviderUnderAnOldNameBeginsWithNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		pass(70 * time.Minute)
		v, _ := s.execute(create(2, ""))
		s.execute(end(machines(v)...))
		s.equal(int64(2), s.metrics(`{"provider_name": "a"}`).TotalOperations)
		s.ok(s.call("deregisterProviderStrategy", fmt.Sprintf(`{"strategy_name": %q}`, "a")))
		s.ok(s.call("registerProviderStrategy", registration("a")))
		s.equal(int64(0), s.metrics(`{"provider_name": "a"}`).TotalOperations)
		s.execute(create(1, ""))
		s.ok(s.call("registerProviderStrategy", registration("a"))) // the same again
		for range 3 {
			s.tick()
			for _, hours := range []int{1, 24, 840} {
				if got := s.metrics(fmt.Sprintf(`{"provider_name": "a", "time_range_hours": %d}`, hours)); got.TotalOperations != 1 && hours > 1 {
					s.Errorf("%d hours: %d operations", hours, got.TotalOperations)
				}
			}
			pass(70 * time.Minute)
		}
		if _, err := json.Marshal(s.metrics(`{"provider_name": "a"}`)); err != nil {
			s.Fatal(err)
		}
	})
}
