package broker

import (
	"maps"
	"time"
)

// MachineType is what a provider was seen to say of a machine type. What is not
// known is absent, and never 0.
type MachineType struct {
	Cores        int64     `json:"ncpus,omitempty"` // physical
	MemoryMiB    int64     `json:"nram,omitempty"`
	Architecture string    `json:"type,omitempty"`  // as schedulers name it, such as X86_64
	Zones        []string  `json:"zones,omitempty"` // that offer it
	SeenAt       time.Time `json:"seen_at"`
	Price        *Price    `json:"price,omitempty"` // on demand
	Spot         *Price    `json:"spot_price,omitempty"`
}

// Price is what a machine costs.
type Price struct {
	PerHour float64   `json:"per_hour"`
	At      time.Time `json:"at,omitzero"` // when it was read; zero: it stands in the registration
}

// PriceLife is how long a price that was read is believed. An older one is not
// known: it sends no work anywhere, and no work away by a limit that it may have
// passed.
const PriceLife = 24 * time.Hour

func (p *Price) goodAt(now time.Time) bool {
	return p != nil && (p.At.IsZero() || now.Sub(p.At) < PriceLife)
}

// PriceOf returns what one machine of a template costs where types are known:
// by spot that of the cheapest type, which is what is taken, and else that of
// the first type in the template's order that has a price. Where no price of
// spot is good, that on demand stands for it: nothing costs more. False: none is
// known that is good at now.
func PriceOf(types map[string]MachineType, t *ResolvedTemplate, now time.Time) (p Price, known bool) {
	if t.PriceType == "spot" {
		if p, known = cheapestSpot(types, t, now); known {
			return p, true
		}
	}
	for _, name := range t.MachineTypes {
		if m := types[name]; m.Price.goodAt(now) {
			return *m.Price, true
		}
	}
	return Price{}, false
}

func cheapestSpot(types map[string]MachineType, t *ResolvedTemplate, now time.Time) (best Price, known bool) {
	for _, name := range t.MachineTypes {
		if m := types[name]; m.Spot.goodAt(now) && (!known || m.Spot.PerHour < best.PerHour) {
			best, known = *m.Spot, true
		}
	}
	return best, known
}

// Described returns a template's attributes with those that its machine types
// have and it does not name: of several types the least cores and memory, for a
// machine may be of any.
func Described(types map[string]MachineType, t *ResolvedTemplate) map[string]any {
	all := map[string]any{}
	for _, name := range t.MachineTypes {
		m, known := types[name]
		if !known {
			continue
		}
		least(all, "ncpus", m.Cores)
		least(all, "nram", m.MemoryMiB)
		if _, there := all["type"]; !there && m.Architecture != "" {
			all["type"] = m.Architecture
		}
	}
	maps.Copy(all, t.Attributes)
	if len(all) == 0 {
		return nil
	}
	return all
}

func least(all map[string]any, name string, n int64) {
	if had, there := all[name].(float64); n > 0 && (!there || float64(n) < had) {
		all[name] = float64(n) // as JSON has numbers
	}
}
