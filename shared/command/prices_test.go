package command

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// market is a registry whose one provider has machine types with prices.
type market struct {
	Registry
	seen  broker.Capabilities
	err   error
	reads int
}

func (m *market) Capabilities(context.Context, string) (broker.Capabilities, error) {
	m.reads++
	return m.seen, m.err
}

func TestPricesOfMachineTypesAreReadForAChoiceThatComparesThem(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	spot := func(age time.Duration) broker.Capabilities {
		return broker.Capabilities{VerifiedAt: now.Add(-age), Order: 1, Version: 2, Types: map[string]broker.MachineType{
			"large": {Spot: &broker.Price{PerHour: 0.04, At: now.Add(-age)}},
		}}
	}
	tpl := &broker.Template{ID: "t", Image: "ami-1", MachineTypes: []string{"large"}, PriceType: "spot"}
	cheap := wish{template: tpl, policy: "COST_OPTIMIZED"}
	limit := 0.05
	cases := []struct {
		name  string
		wish  wish
		kind  string
		seen  broker.Capabilities
		want  float64 // 0.9 is the registration's
		reads int
	}{
		{"by policy", cheap, "aws", spot(time.Minute), 0.04, 1},
		{"by a limit", wish{template: tpl, criteria: &broker.Criteria{MaxCostPerHour: &limit}}, "aws", spot(time.Minute), 0.04, 1},
		{"by neither", wish{template: tpl, policy: "ROUND_ROBIN"}, "aws", spot(time.Minute), 0.9, 0},
		{"without a template", wish{policy: "COST_OPTIMIZED"}, "aws", spot(time.Minute), 0.9, 0},
		{"of a kind without types", cheap, "static", spot(time.Minute), 0.9, 0},
		{"a day old", cheap, "aws", spot(24 * time.Hour), 0.9, 1},
		{"of an earlier registration", cheap, "aws", broker.Capabilities{VerifiedAt: now, Order: 1, Version: 1, Types: spot(0).Types}, 0.9, 1},
	}
	for _, c := range cases {
		m := &market{seen: c.seen}
		s := Service{Registry: m, Now: func() time.Time { return now }}
		snap := broker.Snapshot{Config: broker.DefaultConfig(), Providers: []broker.ProviderView{{Name: "p", Kind: c.kind, Order: 1, Version: 2, PricePerHour: new(0.9)}}}
		if err := s.findPrices(t.Context(), c.wish, &snap); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if p := &snap.Providers[0]; *p.PricePerHour != c.want || m.reads != c.reads || p.PricedAt.IsZero() != (c.want == 0.9) {
			t.Errorf("%s: %v of %s after %d reads", c.name, *p.PricePerHour, p.PricedAt, m.reads)
		}
	}
	s := Service{Registry: &market{err: errors.New("gone")}, Now: func() time.Time { return now }}
	snap := broker.Snapshot{Config: broker.DefaultConfig(), Providers: []broker.ProviderView{{Name: "p", Kind: "aws"}}}
	if err := s.findPrices(t.Context(), cheap, &snap); err == nil {
		t.Error("a store that cannot be read is passed over")
	}
}
