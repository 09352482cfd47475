package config_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func TestHowManyMachinesSoManyUnitsCanBe(t *testing.T) {
	typed := broker.ResolvedTemplate{MachineTypes: []string{"large", "huge"}, MachineWeights: map[string]int{"large": 4, "huge": 8}}
	partly := broker.ResolvedTemplate{MachineTypes: []string{"large", "small"}, MachineWeights: map[string]int{"large": 4}}
	cases := []struct {
		name            string
		kind            string
		spec            broker.CreateSpec
		machines, units int // of 10 units; of 3 machines
	}{
		{"a count of machines", "aws", broker.CreateSpec{Template: typed}, 10, 3},
		{"the least of all types", "aws", broker.CreateSpec{Template: typed, InUnits: true}, 3, 12},
		{"a type without a weight", "aws", broker.CreateSpec{Template: partly, InUnits: true}, 10, 3},
		{"any type", "aws", broker.CreateSpec{InUnits: true}, 10, 3},
		{"a kind that makes other types too", "static", broker.CreateSpec{Template: typed, InUnits: true}, 10, 3},
	}
	for _, c := range cases {
		if m, u := config.MostMachines(c.kind, &c.spec, 10), config.MostUnits(c.kind, &c.spec, 3); m != c.machines || u != c.units {
			t.Errorf("%s: %d machines and %d units, want %d and %d", c.name, m, u, c.machines, c.units)
		}
	}
}

func TestWhatAMachineIsTakenToBeWorthWhereAllHaveOnePrice(t *testing.T) {
	weights := map[string]int{"large": 4, "huge": 8, "X86_64": 2}
	arch := map[string]any{"type": "X86_64"}
	cases := []struct {
		name     string
		kind     string
		template broker.ResolvedTemplate
		want     int
	}{
		{"the least of the types", "aws", broker.ResolvedTemplate{MachineTypes: []string{"huge", "large"}, MachineWeights: weights, Attributes: arch}, 4},
		{"any type", "aws", broker.ResolvedTemplate{MachineWeights: weights}, 1},
		{"any host", "static", broker.ResolvedTemplate{MachineTypes: []string{"huge"}, MachineWeights: weights}, 1},
		{"hosts of one type", "static", broker.ResolvedTemplate{MachineWeights: weights, Attributes: arch}, 2},
		{"hosts of a type without a weight", "static", broker.ResolvedTemplate{MachineWeights: weights, Attributes: map[string]any{"type": "ARM64"}}, 1},
	}
	for _, c := range cases {
		if got := config.UnitsAt(c.kind, c.template); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestWhereTheCheapestTypeIsMadeOnDemand(t *testing.T) {
	for extra, want := range map[string]bool{
		``: false, `{"key_name": "k"}`: false, `{"allocation_strategy": "prioritized"}`: false,
		`{"allocation_strategy": "lowest-price"}`: true, `{"allocation_strategy": "capacity-optimized"}`: true, `{`: false,
	} {
		tpl := broker.ResolvedTemplate{Extra: json.RawMessage(extra)}
		if got := config.TakesCheapest("aws", tpl); got != want {
			t.Errorf("%s: %v", extra, got)
		}
		if config.TakesCheapest("static", tpl) || config.TakesCheapest("none", tpl) {
			t.Errorf("%s: a pool has no such choice", extra)
		}
	}
}

// A provider makes machines until they are worth enough: whatever types it
// takes, they are no more than were counted on.
func TestNoChoiceOfTypesMakesMoreMachinesThanWereCountedOn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.IntRange(1, 9)
		weights := map[string]int{"a": weight.Draw(t, "a"), "b": weight.Draw(t, "b"), "c": weight.Draw(t, "c")}
		spec := broker.CreateSpec{InUnits: true, Template: broker.ResolvedTemplate{MachineTypes: []string{"a", "b", "c"}, MachineWeights: weights}}
		count := rapid.IntRange(1, 40).Draw(t, "count")
		made := 0
		for left := count; left > 0; made++ {
			left -= weights[rapid.SampledFrom(spec.Template.MachineTypes).Draw(t, "type")]
		}
		if most := config.MostMachines("aws", &spec, count); made > most {
			t.Fatalf("%d machines were made of %d units, and %d were counted on", made, count, most)
		}
		room := rapid.IntRange(1, 40).Draw(t, "room")
		if asked := config.MostUnits("aws", &spec, room); config.MostMachines("aws", &spec, asked) > room {
			t.Fatalf("%d units do not fit into room for %d", asked, room)
		}
	})
}

func TestWeightsThatCannotBeMeantAreRefused(t *testing.T) {
	cases := []struct {
		name, field string
		template    broker.Template
	}{
		{"none at all", "machine_weights.m7i.large", broker.Template{MachineWeights: map[string]int{"m7i.large": 0}}},
		{"too large", "machine_weights.m7i.large", broker.Template{MachineWeights: map[string]int{"m7i.large": 1000}}},
		{"in a layer", "overrides.types.aws.machine_weights.m7i.large", broker.Template{Overrides: layer(`{"machine_weights": {"m7i.large": -1}}`)}},
		{"with requirements", "overrides.types.aws.machine_weights", broker.Template{Overrides: layer(
			`{"machine_weights": {"m7i.large": 2}, "instance_requirements": {"vcpu_min": 2, "memory_mib_min": 1024}}`)}},
	}
	for _, c := range cases {
		err := fault.As(config.CheckTemplate(c.template))
		if err == nil || err.Code != fault.InvalidRequest || len(err.Fields) != 1 || err.Fields[0].Field != c.field {
			t.Errorf("%s: %+v", c.name, err)
		}
	}
}

func layer(aws string) broker.Overrides {
	return broker.Overrides{Types: map[string]json.RawMessage{"aws": json.RawMessage(aws)}}
}

func TestALayerAddsToTheWeightsOfTheBase(t *testing.T) {
	r, err := config.Resolve(broker.Template{
		ID: "t", MachineWeights: map[string]int{"large": 4, "small": 1}, Overrides: layer(`{"machine_weights": {"large": 5}}`),
	}, "west", "aws")
	if err != nil || r.UnitsOf("large") != 5 || r.UnitsOf("small") != 1 || r.UnitsOf("other") != 1 {
		t.Errorf("%+v, %v", r.MachineWeights, err)
	}
}
