package query

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/metrics"
)

// Bounds of what is read beside counters.
const (
	availabilityLimit = 1000 // changes of health
	costLimit         = 1000 // machines
)

// availability is what the checks say of the window; nil: nothing. The history
// holds changes, so it is read from its beginning.
func (s Service) availability(ctx context.Context, p *broker.ProviderView, cfg *broker.StrategyConfig, plan *metrics.Plan) (*float64, error) {
	history, err := s.History.HealthHistory(ctx, p.Name, time.Time{}, availabilityLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the health history of %q: %w", p.Name, err)
	}
	return percent(metrics.Availability(history, plan.From, s.checkedUntil(p, cfg)).Share()), nil
}

// checkedUntil is now while checks are made, else when the last one was.
func (s Service) checkedUntil(p *broker.ProviderView, cfg *broker.StrategyConfig) time.Time {
	interval := cfg.HealthCheckInterval
	if p.HealthCheckInterval > 0 {
		interval = p.HealthCheckInterval
	}
	now := s.Now()
	if now.Sub(p.Health.CheckedAt) > 2*interval {
		return p.Health.CheckedAt
	}
	return now
}

// cost is of the machines that exist; nil: none does. A machine without a
// price of its own has that of its provider.
func (s Service) cost(ctx context.Context, p *broker.ProviderView, plan *metrics.Plan) (*CostView, error) {
	machines, err := s.Machines.OwnedMachines(ctx, p.Name, costLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the machines of %q: %w", p.Name, err)
	}
	var lives []metrics.Life
	for _, m := range machines {
		price := m.PricePerHour
		if price == nil {
			price = p.PricePerHour
		}
		lives = append(lives, metrics.Life{Launched: m.LaunchTime, PricePerHour: price})
	}
	total := metrics.Costs(lives, plan.From, s.Now()).Total
	if total.Machines == 0 {
		return nil, nil //nolint:nilnil // nothing is known of what does not exist
	}
	v := &CostView{Machines: total.Machines, MachineHours: hours(total.Used), PricedHours: hours(total.Priced)}
	if sum, known := total.Estimate(); known {
		v.Estimated = &sum
	}
	return v, nil
}

// hours to four decimals: a third of a second.
func hours(d time.Duration) float64 { return math.Round(d.Hours()*1e4) / 1e4 }
