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
	if leftNothing(c, snap.Providers) {
		warnings = append(warnings, fmt.Sprintf("default_selection_policy: %s chooses among providers of equal priority, and no two have the same:"+
			" the one of the lowest number is taken first; register those that should share the work with one priority", c.DefaultPolicy))
	}
	if !c.Breaker.Enabled {
		warnings = append(warnings, "circuit breakers are off: providers that fail are called again and again")
	}
	if c.Mode == broker.ModeFrozen {
		warnings = append(warnings, "the broker is frozen: what makes or changes things is refused")
	}
	return append(warnings, sweeping(c)...)
}

// leftNothing reports whether the policy never has anything to choose: it orders
// providers of equal priority, and each has its own.
func leftNothing(c *broker.StrategyConfig, all []broker.ProviderView) bool {
	rivals := map[int]bool{}
	for i := range all {
		p := &all[i]
		if !p.Enabled || p.Draining || slices.Contains(c.Fallbacks, p.Name) || slices.Contains(c.Criteria.ExcludeStrategies, p.Name) {
			continue
		}
		if rivals[p.Priority] {
			return false
		}
		rivals[p.Priority] = true
	}
	return len(rivals) > 1 && c.DefaultPolicy != broker.FirstAvailable
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
