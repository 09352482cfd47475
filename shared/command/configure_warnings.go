package command

import (
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// oddities are what a user may not expect of a configuration: names that
// nobody has (a provider may come later), and what contradicts itself.
func oddities(c *broker.StrategyConfig, snap *broker.Snapshot) []string {
	var warnings []string
	for _, list := range []struct {
		field string
		names []string
	}{
		{"selection_criteria.prefer_strategies", c.Criteria.PreferStrategies},
		{"selection_criteria.exclude_strategies", c.Criteria.ExcludeStrategies},
		{"fallback_strategies", c.Fallbacks},
	} {
		for _, name := range list.names {
			if !slices.ContainsFunc(snap.Providers, func(p broker.ProviderView) bool { return p.Name == name }) {
				warnings = append(warnings, fmt.Sprintf("%s: %q is not registered", list.field, name))
			}
		}
	}
	for _, name := range c.Fallbacks {
		if slices.Contains(c.Criteria.ExcludeStrategies, name) {
			warnings = append(warnings, fmt.Sprintf("fallback_strategies: %q is excluded by selection_criteria, and never tried", name))
		}
	}
	if !c.Breaker.Enabled {
		warnings = append(warnings, "circuit breakers are off: providers that fail are called again and again")
	}
	if c.Mode == broker.ModeFrozen {
		warnings = append(warnings, "the broker is frozen: what makes or changes things is refused")
	}
	return append(warnings, sweeping(c)...)
}

func sweeping(c *broker.StrategyConfig) []string {
	switch {
	case c.Mode == broker.ModeRecover:
		return []string{"the broker recovers: machines with its tag and no record are recorded, each minute, and none is terminated"}
	case c.Sweeper.Mode == broker.SweepAct:
		return []string{"the sweeper acts: machines with this broker's tag that nobody has recorded are terminated; getSweeperReport says which were found"}
	default:
		return nil
	}
}
