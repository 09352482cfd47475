package broker_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func priced(onDemand, spot *broker.Price) broker.MachineType {
	return broker.MachineType{Price: onDemand, Spot: spot}
}

func at(price float64, age time.Duration) *broker.Price {
	return &broker.Price{PerHour: price, At: noon.Add(-age)}
}

func TestThePriceOfATemplate(t *testing.T) {
	registered := &broker.Price{PerHour: 0.5}
	cases := []struct {
		name  string
		pay   string
		types map[string]broker.MachineType
		want  float64 // 0: not known
	}{
		{"nothing is known", "ondemand", nil, 0},
		{"the first type that has one", "ondemand", map[string]broker.MachineType{"b": priced(at(2, 0), nil), "c": priced(at(1, 0), nil)}, 2},
		{"a price of spot is none on demand", "ondemand", map[string]broker.MachineType{"a": priced(nil, at(1, 0))}, 0},
		{"the cheapest of spot", "spot", map[string]broker.MachineType{"a": priced(nil, at(2, 0)), "c": priced(nil, at(1, 0))}, 1},
		{"on demand stands for spot", "spot", map[string]broker.MachineType{"a": priced(registered, nil)}, 0.5},
		{"a day old", "spot", map[string]broker.MachineType{"a": priced(nil, at(1, 24*time.Hour))}, 0},
		{"less than a day old", "spot", map[string]broker.MachineType{"a": priced(nil, at(1, 24*time.Hour-1))}, 1},
		{"old, with one that is registered", "spot", map[string]broker.MachineType{"a": priced(registered, at(0.1, 25*time.Hour))}, 0.5},
		{"a mixture is not cheaper than on demand", "heterogeneous", map[string]broker.MachineType{"a": priced(registered, at(0.1, 0))}, 0.5},
	}
	for _, c := range cases {
		spec := &broker.CreateSpec{Template: broker.ResolvedTemplate{
			MachineTypes: []string{"a", "b", "c"}, PriceType: c.pay, MachineWeights: map[string]int{"a": 1, "b": 9}, // nobody counts units
		}}
		got, known := broker.Market{Types: c.types, Now: noon}.Quote(spec)
		if got.PerHour != c.want || known != (c.want > 0) || known && got.Units != 1 {
			t.Errorf("%s: %v, %v", c.name, got, known)
		}
	}
}

func TestThePriceOfATemplateThatIsWantedInUnits(t *testing.T) {
	flat := func(price float64) *broker.Price { return &broker.Price{PerHour: price} }
	types := map[string]broker.MachineType{
		"small": priced(flat(0.10), at(0.05, 0)), "large": priced(flat(0.30), at(0.20, 0)), "other": priced(flat(0.09), nil),
	}
	cases := []struct {
		name     string
		pay      string
		names    []string
		cheapest bool
		want     broker.Quote
	}{
		{"the first on demand", "ondemand", []string{"small", "large"}, false, broker.Quote{Price: *flat(0.10), Units: 1}},
		{"with its own weight", "", []string{"large", "small"}, false, broker.Quote{Price: *flat(0.30), Units: 4}},
		{"the cheapest unit, where that is made", "ondemand", []string{"small", "large"}, true, broker.Quote{Price: *flat(0.30), Units: 4}},
		{"the first of equals", "ondemand", []string{"large", "twin"}, true, broker.Quote{Price: *flat(0.30), Units: 4}},
		{"the cheapest unit of spot", "spot", []string{"small", "large", "other"}, false, broker.Quote{Price: *at(0.05, 0), Units: 1}},
		{"a type without weight counts as one", "ondemand", []string{"other"}, false, broker.Quote{Price: *flat(0.09), Units: 1}},
	}
	types["twin"] = priced(flat(0.15), nil)
	for _, c := range cases {
		spec := &broker.CreateSpec{InUnits: true, Template: broker.ResolvedTemplate{
			MachineTypes: c.names, PriceType: c.pay, MachineWeights: map[string]int{"large": 4, "twin": 2},
		}}
		got, known := broker.Market{Types: types, Cheapest: c.cheapest, Now: noon}.Quote(spec)
		if diff := cmp.Diff(c.want, got); diff != "" || !known {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAMachineFillsWhatIsWantedOfIt(t *testing.T) {
	for _, c := range []struct {
		wish, each int
		want       float64
	}{{64, 4, 4}, {1, 1, 1}, {1, 4, 1}, {6, 4, 3}, {7, 1, 1}, {999, 999, 999}, {5, 2, 5.0 / 3}} {
		if got := broker.Fill(c.wish, c.each); got != c.want {
			t.Errorf("of %d by %d: %v, want %v", c.wish, c.each, got, c.want)
		}
	}
}

func TestATemplateHasTheAttributesOfItsTypesWhereItSaysNothing(t *testing.T) {
	types := map[string]broker.MachineType{
		"big": {Cores: 8, MemoryMiB: 4096, Architecture: "X86_64"}, "small": {Cores: 2, MemoryMiB: 8192, Architecture: "ARM64"}, "bare": {},
	}
	cases := []struct {
		name  string
		types []string
		says  map[string]any
		want  map[string]any
	}{
		{"nothing known", []string{"other", "bare"}, nil, nil},
		{"the least of all", []string{"big", "small"}, nil, map[string]any{"ncpus": 2.0, "nram": 4096.0, "type": "X86_64"}},
		{"what it says stands", []string{"big"}, map[string]any{"ncpus": "4", "pool": "x"}, map[string]any{"ncpus": "4", "nram": 4096.0, "type": "X86_64", "pool": "x"}},
	}
	for _, c := range cases {
		got := broker.Described(types, &broker.ResolvedTemplate{MachineTypes: c.types, Attributes: c.says})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
