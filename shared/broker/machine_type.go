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

// Quote is what one machine costs that would be made, and the units that it is
// worth; 1 where machines are counted.
type Quote struct {
	Price
	Units int
}

// Market is what is known where the price of a machine is asked.
type Market struct {
	Types    map[string]MachineType
	Cheapest bool // on demand, too, the cheapest type is made, and not the first of the template
	Now      time.Time
}

// Quote returns what one machine of a wish costs where types are known: by spot
// that of the cheapest type, which is what is taken, and else that of the first
// type in the template's order that has a price, unless there, too, the cheapest
// is taken. Cheapest is by what the wish counts: by machine, or by unit. Where
// no price of spot is good, that on demand stands for it: nothing costs more.
// False: none is known that is good now.
func (m Market) Quote(s *CreateSpec) (q Quote, known bool) {
	if s.Template.PriceType == "spot" {
		if q, known = m.pick(s, true, func(t MachineType) *Price { return t.Spot }); known {
			return q, true
		}
	}
	return m.pick(s, m.Cheapest, func(t MachineType) *Price { return t.Price })
}

// pick takes the first type with a good price, or the cheapest.
func (m Market) pick(s *CreateSpec, cheapest bool, price func(MachineType) *Price) (best Quote, known bool) {
	for _, name := range s.Template.MachineTypes {
		p := price(m.Types[name])
		if !p.goodAt(m.Now) {
			continue
		}
		if q := (Quote{*p, s.countsFor(name)}); !known || q.below(best) {
			best, known = q, true
		}
		if !cheapest {
			break
		}
	}
	return best, known
}

// below compares by unit.
func (q Quote) below(than Quote) bool {
	return q.PerHour*float64(than.Units) < than.PerHour*float64(q.Units)
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
