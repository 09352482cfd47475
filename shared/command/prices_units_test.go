package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

// markets is a registry of providers with prices of machine types, by name.
type markets struct {
	Registry
	types map[string]map[string]broker.MachineType
}

func (m *markets) Capabilities(_ context.Context, provider string) (broker.Capabilities, error) {
	return broker.Capabilities{VerifiedAt: time.Unix(1, 0), Order: 1, Version: 1, Types: m.types[provider]}, nil
}

func paidFor(price float64) broker.MachineType {
	return broker.MachineType{Price: &broker.Price{PerHour: price}}
}

func TestForAWishInUnitsASnapshotSaysHowManyAMachineFills(t *testing.T) {
	types := map[string]broker.MachineType{"small": paidFor(0.10), "large": paidFor(0.30)}
	tpl := func(change func(*broker.Template)) *broker.Template {
		tpl := &broker.Template{ID: "t", Image: "ami-1", MachineTypes: []string{"small", "large"}, MachineWeights: map[string]int{"large": 4, "X86_64": 3}}
		change(tpl)
		return tpl
	}
	as := func(*broker.Template) {}
	lowest := func(t *broker.Template) {
		t.Overrides.Types = map[string]json.RawMessage{"aws": json.RawMessage(`{"allocation_strategy": "lowest-price"}`)}
	}
	cases := []struct {
		name         string
		kind         string
		template     *broker.Template
		units        int
		types        map[string]broker.MachineType
		price, fills float64 // 0.9 is the registration's
	}{
		{"machines", "aws", tpl(as), 0, types, 0.10, 0},
		{"the template's first type on demand", "aws", tpl(as), 64, types, 0.10, 1},
		{"the cheapest unit where EC2 takes that", "aws", tpl(lowest), 64, types, 0.30, 4},
		{"which a small wish does not fill", "aws", tpl(lowest), 2, types, 0.30, 2},
		{"machines, the cheapest", "aws", tpl(lowest), 0, types, 0.10, 0},
		{"the registration's price, of the least units", "aws", tpl(as), 64, nil, 0.9, 1},
		{"of one type, of its units", "aws", tpl(func(t *broker.Template) { t.MachineTypes = []string{"large"} }), 64, nil, 0.9, 4},
		{"a pool", "static", tpl(as), 64, types, 0.9, 1},
		{"a pool whose hosts are of one type", "static", tpl(func(t *broker.Template) { t.Attributes = map[string]any{"type": "X86_64"} }), 64, nil, 0.9, 64.0 / 22},
		{"a template that lacks something there", "aws", tpl(func(t *broker.Template) { t.Image = "" }), 64, types, 0.9, 0},
	}
	for _, c := range cases {
		s := Service{Registry: &markets{types: map[string]map[string]broker.MachineType{"p": c.types}}, Now: time.Now}
		snap := broker.Snapshot{Config: broker.DefaultConfig(), Providers: []broker.ProviderView{{Name: "p", Kind: c.kind, Order: 1, Version: 1, PricePerHour: new(0.9)}}}
		if err := s.findPrices(t.Context(), wish{template: c.template, units: c.units, policy: "COST_OPTIMIZED"}, &snap); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if p := &snap.Providers[0]; *p.PricePerHour != c.price || p.Fills != c.fills {
			t.Errorf("%s: %v for %v units, want %v for %v", c.name, *p.PricePerHour, p.Fills, c.price, c.fills)
		}
	}
}

func TestScalingWeightsAndTheWishTogetherChangesNoChoice(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		seen := &markets{types: map[string]map[string]broker.MachineType{}}
		snap := broker.Snapshot{TakenAt: now, Config: broker.DefaultConfig()}
		tpl := broker.Template{ID: "t", Image: "ami-1", MachineTypes: []string{"a", "b", "c"}, MachineWeights: map[string]int{}}
		tpl.Overrides.Types = map[string]json.RawMessage{"aws": json.RawMessage(rapid.SampledFrom([]string{`{}`, `{"allocation_strategy": "lowest-price"}`}).Draw(t, "strategy"))}
		scaled := tpl
		by := rapid.IntRange(1, 33).Draw(t, "by")
		scaled.MachineWeights = map[string]int{}
		for _, name := range tpl.MachineTypes {
			weight := rapid.IntRange(1, 30).Draw(t, name)
			tpl.MachineWeights[name], scaled.MachineWeights[name] = weight, weight*by
		}
		for i := range rapid.IntRange(2, 6).Draw(t, "n") {
			name := fmt.Sprint("p", i)
			snap.Providers = append(snap.Providers, broker.ProviderView{
				Name: name, Kind: "aws", Enabled: true, Weight: 100, Order: 1, Version: 1, Health: broker.Health{State: broker.Healthy},
			})
			types := map[string]broker.MachineType{}
			for _, machine := range tpl.MachineTypes {
				if cents := rapid.IntRange(-20, 300).Draw(t, name+machine); cents > 0 {
					types[machine] = paidFor(float64(cents) / 100)
				}
			}
			seen.types[name] = types
		}
		units := rapid.IntRange(1, 100).Draw(t, "units")
		s := Service{Registry: seen, Now: func() time.Time { return now }}
		once := s.order(t, &snap, wish{template: &tpl, units: units, policy: "COST_OPTIMIZED"})
		often := s.order(t, &snap, wish{template: &scaled, units: units * by, policy: "COST_OPTIMIZED"})
		if diff := cmp.Diff(once, often); diff != "" {
			t.Fatalf("once -, %d times +:\n%s", by, diff)
		}
	})
}

// order ranks the providers of a snapshot for a create.
func (s Service) order(t *rapid.T, snap *broker.Snapshot, w wish) []string {
	own := *snap
	own.Providers = slices.Clone(snap.Providers)
	if err := s.findPrices(t.Context(), w, &own); err != nil {
		t.Fatal(err)
	}
	var r selection.Result
	selection.Select(&r, selection.Input{
		Policy: broker.CostOptimized, Now: own.TakenAt,
		Query: selection.Compile(&own).Prepare(selection.Request{Operation: broker.CreateInstances, Drivers: map[string][]broker.OperationType{"aws": nil}}),
	})
	return r.Ranked()
}
