package command

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// complete notes in a snapshot what this choice reads beside it.
func (s Service) complete(ctx context.Context, w wish, snap *broker.Snapshot) error {
	if err := s.findRoom(ctx, w, snap); err != nil {
		return err
	}
	return s.findPrices(ctx, w, snap)
}

// findPrices notes in a snapshot what a machine of the template costs, in the
// place of the registration's one price, at providers whose machines are of
// types with prices, and, for a wish in units, how many of them such a machine
// fills. It does so only for a choice that compares prices.
func (s Service) findPrices(ctx context.Context, w wish, snap *broker.Snapshot) error {
	if w.template == nil || !s.compares(w, &snap.Config) {
		return nil
	}
	for i := range snap.Providers {
		if err := s.findPrice(ctx, w, &snap.Providers[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s Service) findPrice(ctx context.Context, w wish, p *broker.ProviderView) error {
	typed := config.Typed(p.Kind)
	if !typed && w.units == 0 {
		return nil
	}
	t, why := config.Usable(*w.template, p.Name, p.Kind)
	if why != "" {
		return nil
	}
	q, known, err := broker.Quote{}, false, error(nil)
	if typed {
		q, known, err = s.quote(ctx, p, &broker.CreateSpec{Template: t, InUnits: w.units > 0})
	}
	if err != nil {
		return err
	}
	each := config.UnitsAt(p.Kind, t)
	if known {
		p.PricePerHour, p.PricedAt, each = &q.PerHour, q.At, q.Units
	}
	if w.units > 0 {
		p.Fills = broker.Fill(w.units, each)
	}
	return nil
}

// quote is by what was last seen of the provider's machine types.
func (s Service) quote(ctx context.Context, p *broker.ProviderView, spec *broker.CreateSpec) (q broker.Quote, known bool, err error) {
	seen, err := s.Registry.Capabilities(ctx, p.Name)
	if err != nil {
		return q, false, fmt.Errorf("reading the prices of %q: %w", p.Name, err)
	}
	if !seen.Of(p.Order, p.Version) {
		return q, false, nil
	}
	q, known = broker.Market{Types: seen.Types, Cheapest: config.TakesCheapest(p.Kind, spec.Template), Now: s.Now()}.Quote(spec)
	return q, known, nil
}

// compares reports whether a choice goes by prices.
func (s Service) compares(w wish, cfg *broker.StrategyConfig) bool {
	if merged(cfg.Criteria, w).MaxCostPerHour != nil {
		return true
	}
	policy, err := s.policy(w, cfg)
	return err == nil && policy == broker.CostOptimized // one that is wrong is refused later
}
