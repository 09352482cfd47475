package selection

import (
	"github.com/openhostfactory/ohfp/shared/broker"
)

func (s *Snapshot) describe(i int, v *broker.ProviderView) {
	s.index[v.Name] = i
	s.facts[i] = facts{
		name: v.Name, kind: v.Kind, zone: v.Zone, place: v.Place, priority: v.Priority, order: v.Order, fills: v.Fills,
		health: v.HealthAt(s.takenAt).State, checkedAt: v.Health.CheckedAt, notBefore: v.NotBefore, pricedAt: v.PricedAt,
	}
	s.hash[i] = hashText(v.Name)
	s.inUnits = s.inUnits || v.Fills > 0
	if v.PricePerHour == nil {
		s.priceless.add(i)
		return
	}
	s.price[i] = *v.PricePerHour
}

func (s *Snapshot) flags(i int, v *broker.ProviderView) {
	addIf(s.notEnabled, i, !v.Enabled)
	addIf(s.draining, i, v.Draining)
	addIf(s.weightZero, i, v.Weight == 0)
	intern(s.kinds, v.Kind, s.none).add(i)
	for _, place := range []string{v.Zone, v.Place.Region, v.Place.Geography} {
		if place != "" {
			intern(s.places, place, s.none).add(i)
		}
	}
}

func (s *Snapshot) health(i int, h broker.Health) {
	response := h.ResponseTime
	if h.CheckedAt.IsZero() {
		response = -1
	}
	for ci := range s.classes {
		s.classes[ci].response[i] = response
	}
	switch h.State {
	case broker.Healthy:
	case broker.Degraded:
		s.degraded.add(i)
	case broker.Unhealthy:
		s.unhealthy.add(i)
	default:
		s.unchecked.add(i)
	}
}

// limits notes what keeps work away for a while.
func (s *Snapshot) limits(i int, v *broker.ProviderView) {
	s.used[i] = -1
	if v.Room != nil && v.Room.Limit > 0 {
		s.facts[i].room = *v.Room
		addIf(s.full, i, v.Room.Free <= 0)
		s.used[i] = 1 - float64(min(max(v.Room.Free, 0), v.Room.Limit))/float64(v.Room.Limit)
	}
	if !v.NotBefore.IsZero() {
		s.delayed.add(i)
		s.notBefore[i] = unixNano(v.NotBefore)
	}
	if len(v.Blocks) > 0 {
		s.blocks[i] = v.Blocks
	}
}

// burden notes what a provider carries now, and what it is made for.
func (s *Snapshot) burden(i int, v *broker.ProviderView) {
	for _, name := range classNames {
		if l, ok := v.Live[name]; ok {
			s.busy[i] += l.Calls(s.takenAt)
		}
	}
	s.weight[i] = int64(max(v.Weight, 0))
	s.load[i] = float64(s.busy[i]+1) / float64(max(s.weight[i], 1))
}
