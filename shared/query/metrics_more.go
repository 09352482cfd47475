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
	availabilityLimit = 1000   // changes of health
	costLimit         = 10_000 // machines that exist, and as many that ended
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

// cost is of the machines that ran in the window; nil: none did. A machine
// without a price of its own has that of its provider.
func (s Service) cost(ctx context.Context, p *broker.ProviderView, plan *metrics.Plan) (*CostView, error) {
	owned, err := s.Machines.OwnedMachines(ctx, p.Name, costLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the machines of %q: %w", p.Name, err)
	}
	ended, err := s.Machines.EndedMachines(ctx, p.Name, plan.From, costLimit)
	if err != nil {
		return nil, fmt.Errorf("reading the machines of %q that ended: %w", p.Name, err)
	}
	bill := metrics.Costs(lives(p, owned, ended), plan.From, s.Now())
	if bill.Total.Machines == 0 {
		return nil, nil //nolint:nilnil // nothing is known of what did not exist
	}
	return &CostView{
		CostShare: costShare(bill.Total), ByTemplate: costShares(bill.ByTemplate), ByAccount: costShares(bill.ByAccount),
		Truncated: len(owned) == costLimit || len(ended) == costLimit,
	}, nil
}

// lives are of machines that exist and of those that ended. One that was owned
// when the first were read, and had ended when the others were, is one machine.
func lives(p *broker.ProviderView, owned, ended []broker.Machine) []metrics.Life {
	all := make([]metrics.Life, 0, len(owned)+len(ended))
	over := map[string]bool{}
	for _, m := range ended {
		over[m.ID] = true
		all = append(all, life(p, &m, m.UpdatedAt))
	}
	for _, m := range owned {
		if !over[m.ID] {
			all = append(all, life(p, &m, time.Time{}))
		}
	}
	return all
}

func life(p *broker.ProviderView, m *broker.Machine, ended time.Time) metrics.Life {
	price := m.PricePerHour
	if price == nil {
		price = p.PricePerHour
	}
	return metrics.Life{Template: m.TemplateID, Account: m.Account, Launched: m.LaunchTime, Ended: ended, PricePerHour: price}
}

func costShares(by map[string]metrics.Cost) map[string]CostShare {
	all := make(map[string]CostShare, len(by))
	for name, c := range by {
		all[name] = costShare(c)
	}
	return all
}

func costShare(c metrics.Cost) CostShare {
	v := CostShare{Machines: c.Machines, MachineHours: hours(c.Used), PricedHours: hours(c.Priced)}
	if sum, known := c.Estimate(); known {
		v.Estimated = &sum
	}
	return v
}

// hours to four decimals: a third of a second.
func hours(d time.Duration) float64 { return math.Round(d.Hours()*1e4) / 1e4 }
