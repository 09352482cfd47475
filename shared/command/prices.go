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
// types with prices. It reads those prices only for a choice that compares them.
func (s Service) findPrices(ctx context.Context, w wish, snap *broker.Snapshot) error {
	if w.template == nil || !s.compares(w, &snap.Config) {
		return nil
	}
	for i := range snap.Providers {
		p := &snap.Providers[i]
		if !config.Typed(p.Kind) {
			continue
		}
		r, why := config.Usable(*w.template, p.Name, p.Kind)
		if why != "" {
			continue
		}
		seen, err := s.Registry.Capabilities(ctx, p.Name)
		if err != nil {
			return fmt.Errorf("reading the prices of %q: %w", p.Name, err)
		}
		if !seen.Of(p.Order, p.Version) {
			continue
		}
		if price, known := broker.PriceOf(seen.Types, &r, s.Now()); known {
			p.PricePerHour, p.PricedAt = &price.PerHour, price.At
		}
	}
	return nil
}

// compares reports whether a choice goes by prices.
func (s Service) compares(w wish, cfg *broker.StrategyConfig) bool {
	if merged(cfg.Criteria, w).MaxCostPerHour != nil {
		return true
	}
	policy, err := s.policy(w, cfg)
	return err == nil && policy == broker.CostOptimized // one that is wrong is refused later
}
