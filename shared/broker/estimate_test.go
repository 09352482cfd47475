package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestWhatATemplateCosts(t *testing.T) {
	flat := func(price float64) *broker.Price { return &broker.Price{PerHour: price} }
	types := map[string]broker.MachineType{
		"small": priced(flat(0.125), at(0.0625, 2*time.Hour)), "large": priced(flat(0.25), at(0.125, 3*time.Hour)),
	}
	weights := map[string]int{"large": 4}
	both := []string{"small", "large"}
	cases := []struct {
		name     string
		template broker.ResolvedTemplate
		cheapest bool
		want     broker.Estimate
	}{
		{"nothing is known", broker.ResolvedTemplate{MachineTypes: []string{"other"}, MachineWeights: weights}, false, broker.Estimate{}},
		{"without weights", broker.ResolvedTemplate{MachineTypes: both}, false, broker.Estimate{EstimatedCostPerHour: new(0.125)}},
		{"with weights, in the template's order", broker.ResolvedTemplate{MachineTypes: both, MachineWeights: weights}, false, broker.Estimate{
			EstimatedCostPerHour: new(0.125), EstimatedCostPerUnitHour: new(0.125),
		}},
		{"a machine of one type and units of another", broker.ResolvedTemplate{MachineTypes: both, MachineWeights: weights}, true, broker.Estimate{
			EstimatedCostPerHour: new(0.125), EstimatedCostPerUnitHour: new(0.0625),
		}},
		{"spot, as old as the older price", broker.ResolvedTemplate{MachineTypes: both, MachineWeights: weights, PriceType: "spot"}, false, broker.Estimate{
			EstimatedCostPerHour: new(0.0625), EstimatedCostPerUnitHour: new(0.03125), PricedAt: &broker.Time{Time: noon.Add(-3 * time.Hour)},
		}},
	}
	for _, c := range cases {
		got := broker.Market{Types: types, Cheapest: c.cheapest, Now: noon}.Estimate(&c.template)
		if diff := cmp.Diff(c.want, got); diff != "" || got.Known() != (c.want.EstimatedCostPerHour != nil) {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestWhatATemplateCostsByOnePrice(t *testing.T) {
	weighted := &broker.ResolvedTemplate{MachineWeights: map[string]int{"large": 4}}
	cases := []struct {
		name     string
		price    *float64
		template *broker.ResolvedTemplate
		want     broker.Estimate
	}{
		{"none", nil, weighted, broker.Estimate{}},
		{"without weights", new(0.5), &broker.ResolvedTemplate{}, broker.Estimate{EstimatedCostPerHour: new(0.5)}},
		{"with weights", new(0.5), weighted, broker.Estimate{EstimatedCostPerHour: new(0.5), EstimatedCostPerUnitHour: new(0.125)}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, broker.EstimateBy(c.price, c.template, 4)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
