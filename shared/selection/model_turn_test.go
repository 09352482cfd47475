package selection_test

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// turn orders one tier, given by registration order, by the policies that leave
// nothing to chance. Others come as they are: see loose.
func (m *model) turn(tier []broker.ProviderView) []string {
	byName := slices.Clone(tier)
	slices.SortFunc(byName, func(a, b broker.ProviderView) int { return cmp.Compare(a.Name, b.Name) })
	switch {
	case len(tier) == 1 || m.chance(tier):
		return namesOf(tier)
	case m.policy == broker.RoundRobin:
		return m.inTurn(byName)
	case m.policy == broker.WeightedRoundRobin:
		return m.bySchedule(byName)
	case m.policy == broker.LeastConnections:
		return m.byLoad(tier)
	case m.policy == broker.CapabilityBased:
		return m.inGroups(byName, versatility)
	case m.policy == broker.HealthBased:
		return m.inGroups(byName, func(v broker.ProviderView) float64 {
			return float64(slices.Index([]broker.HealthState{broker.Healthy, broker.Degraded, broker.Unknown, broker.Unhealthy}, m.health(v)))
		})
	default:
		return namesOf(tier)
	}
}

// chance reports whether a policy leaves the order of a tier to chance, or to
// figures that the model does not compute.
func (m *model) chance(tier []broker.ProviderView) bool {
	switch m.policy {
	case broker.FirstAvailable, broker.RoundRobin, broker.WeightedRoundRobin, broker.CapabilityBased, broker.HealthBased:
		return false
	case broker.LeastConnections:
		return len(tier) > 16
	default:
		return true
	}
}

// loose reports whether the order within tiers is to be left out of account.
func (m *model) loose() bool {
	return m.chance(make([]broker.ProviderView, len(m.snapshot.Providers)))
}

func namesOf(tier []broker.ProviderView) []string {
	names := make([]string, len(tier))
	for i, v := range tier {
		names[i] = v.Name
	}
	return names
}

func (m *model) inTurn(byName []broker.ProviderView) []string {
	names := namesOf(byName)
	k := int(m.ticket) % len(names)
	return append(names[k:len(names):len(names)], names[:k]...)
}

// inGroups takes those of the smallest value in turn, then the next.
func (m *model) inGroups(byName []broker.ProviderView, value func(broker.ProviderView) float64) []string {
	var names []string
	for len(byName) > 0 {
		least := math.Inf(1)
		for _, v := range byName {
			least = min(least, value(v))
		}
		var group, rest []broker.ProviderView
		for _, v := range byName {
			if value(v) == least {
				group = append(group, v)
			} else {
				rest = append(rest, v)
			}
		}
		names, byName = append(names, m.inTurn(group)...), rest
	}
	return names
}

func versatility(v broker.ProviderView) float64 {
	found := map[string]bool{}
	for name, value := range v.Capabilities {
		if name == "instances" {
			name = "instance_management"
		}
		if meets(value, "") {
			found[name] = true
		}
	}
	return float64(len(found))
}

func (m *model) byLoad(tier []broker.ProviderView) []string {
	tier = slices.Clone(tier)
	var names []string
	for len(tier) > 0 {
		least := math.Inf(1)
		for _, v := range tier {
			least = min(least, load(v, m.snapshot.TakenAt))
		}
		var equals []int
		for i, v := range tier {
			if load(v, m.snapshot.TakenAt) == least {
				equals = append(equals, i)
			}
		}
		i := equals[int(m.ticket)%len(equals)]
		names, tier = append(names, tier[i].Name), slices.Delete(tier, i, i+1)
	}
	return names
}

func load(v broker.ProviderView, at time.Time) float64 {
	inFlight := int64(0)
	for _, l := range v.Live {
		for minute, calls := range l.InFlight {
			if at.Unix()/60-minute <= 15 {
				inFlight += calls
			}
		}
	}
	return float64(inFlight+1) / float64(v.Weight)
}

func (m *model) bySchedule(byName []broker.ProviderView) []string {
	weights := make([]int, len(byName))
	for i, v := range byName {
		weights[i] = v.Weight
	}
	turns := chairmen(weights)
	var names []string
	for k := range turns {
		name := byName[turns[(int(m.ticket)+k)%len(turns)]].Name
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// chairmen is Tijdeman's assignment, word by word and slowly, of weights whose
// reduced sum is at most 1,024.
func chairmen(weights []int) []int {
	divisor := 0
	for _, w := range weights {
		for a := w; a != 0; {
			divisor, a = a, divisor%a
		}
	}
	sum, n := 0, len(weights)
	for _, w := range weights {
		sum += w / divisor
	}
	turns, had := make([]int, 0, sum), make([]int, n)
	for j := 1; j <= sum; j++ {
		chair, least := -1, math.Inf(1)
		for i, w := range weights {
			// λj − x ≥ 1/(2n−2), times all denominators
			w /= divisor
			if ahead := w*j - had[i]*sum; ahead*(2*n-2) < sum {
				continue
			}
			// (1 − 1/(2n−2) − λj + x) / λ, but for what all have in common
			if due := float64((had[i]+1)*(2*n-2)-1) / float64(w); due < least {
				chair, least = i, due
			}
		}
		turns, had[chair] = append(turns, chair), had[chair]+1
	}
	return turns
}
