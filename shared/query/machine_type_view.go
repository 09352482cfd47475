package query

import (
	"maps"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// MachineTypeView is a machine type as a provider was seen to have it.
type MachineTypeView struct {
	MachineType      string       `json:"machine_type" doc:"Its name."`
	Cores            int64        `json:"ncpus,omitempty" doc:"Physical cores."`
	MemoryMiB        int64        `json:"nram,omitempty" doc:"Memory in MiB."`
	Architecture     string       `json:"type,omitempty" doc:"Architecture, as schedulers name it."`
	Zones            []string     `json:"zones,omitempty" doc:"Zones that offer it."`
	SeenAt           broker.Time  `json:"seen_at" doc:"When that was looked at."`
	PricePerHour     *float64     `json:"price_per_hour,omitempty" doc:"On demand, as the registration says it."`
	SpotPricePerHour *float64     `json:"spot_price_per_hour,omitempty" doc:"As spot, where it is cheapest."`
	SpotPricedAt     *broker.Time `json:"spot_priced_at,omitempty" doc:"When the price of spot was read; one that is a day old is not used any more."`
}

func typesView(seen map[string]broker.MachineType) []MachineTypeView {
	all := make([]MachineTypeView, 0, len(seen))
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t := seen[name]
		v := MachineTypeView{
			MachineType: name, Cores: t.Cores, MemoryMiB: t.MemoryMiB, Architecture: t.Architecture, Zones: t.Zones, SeenAt: broker.Time{Time: t.SeenAt},
		}
		if t.Price != nil {
			v.PricePerHour = &t.Price.PerHour
		}
		if t.Spot != nil {
			v.SpotPricePerHour, v.SpotPricedAt = &t.Spot.PerHour, broker.AtTime(t.Spot.At)
		}
		all = append(all, v)
	}
	return all
}
