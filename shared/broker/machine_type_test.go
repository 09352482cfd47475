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
		got, known := broker.PriceOf(c.types, &broker.ResolvedTemplate{MachineTypes: []string{"a", "b", "c"}, PriceType: c.pay}, noon)
		if got.PerHour != c.want || known != (c.want > 0) {
			t.Errorf("%s: %v, %v", c.name, got, known)
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
