package selection_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestTheScopeIsPolicyOperationAndTheTiersMembers(t *testing.T) {
	scope := func(r selection.Request, providers ...broker.ProviderView) string {
		return decide(snapshot(providers...), r, broker.RoundRobin).Scope()
	}
	base := scope(create(), many("a b")...)
	if rest, ok := strings.CutPrefix(base, "ROUND_ROBIN/CREATE_INSTANCES/"); !ok || len(rest) != 16 {
		t.Fatalf("got %q", base)
	}
	for name, got := range map[string]string{
		"others of a lower tier": scope(create(), provider("a"), provider("b"), provider("c", priority(1))),
		"others that are refused": scope(create(), provider("a"), provider("b"), provider("aa", tripped),
			provider("ab", health(broker.Degraded))),
		"another registration order":      scope(create(), provider("b", order(1)), provider("a", order(2))),
		"a preferred one that is refused": scope(criteria(broker.Criteria{PreferStrategies: []string{"c"}}), provider("a"), provider("b"), provider("c", tripped)),
	} {
		if got != base {
			t.Errorf("%s: got %q, want %q", name, got, base)
		}
	}
	for name, got := range map[string]string{
		"another member":    scope(create(), many("a c")...),
		"one more":          scope(create(), many("a b c")...),
		"another operation": scope(create(func(r *selection.Request) { r.Operation = broker.ValidateTemplate }), many("a b")...),
	} {
		if got == base || got == "" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	for name, got := range map[string]string{
		"no choice":                     scope(create(), many("a")...),
		"a preferred one":               scope(criteria(broker.Criteria{PreferStrategies: []string{"a"}}), many("a b")...),
		"a policy that takes no ticket": decide(snapshot(many("a b")...), create(), broker.FirstAvailable).Scope(),
	} {
		if got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
}

func TestTheScopeIsOfThoseAmongWhomTheTicketChooses(t *testing.T) {
	scope := func(p broker.Policy, r selection.Request, providers ...broker.ProviderView) string {
		return decide(snapshot(providers...), r, p).Scope()
	}
	far := from(broker.Origin{Zone: "z"})
	near := func(name string) broker.ProviderView { return provider(name, place("z", "", "")) }
	for name, c := range map[string][2]string{
		"the nearest": {
			scope(broker.Geographic, far, near("a"), near("b"), provider("c")), scope(broker.Geographic, far, near("a"), near("b"), provider("d")),
		},
		"the least versatile": {
			scope(broker.CapabilityBased, create(), provider("a", able("x")), provider("b", able("y")), provider("c")),
			scope(broker.CapabilityBased, create(), provider("a", able("x")), provider("b", able("y"))),
		},
		"the healthy": {
			scope(broker.HealthBased, create(), many("a b")...), scope(broker.HealthBased, create(), provider("a"), provider("b"), provider("c", unchecked)),
		},
	} {
		if c[0] == "" || c[0] != c[1] {
			t.Errorf("%s: %q and %q", name, c[0], c[1])
		}
	}
	for name, got := range map[string]string{
		"one is nearest":         scope(broker.Geographic, far, near("a"), provider("b")),
		"one is least versatile": scope(broker.CapabilityBased, create(), provider("a", able("x")), provider("b")),
		"chance by seed":         scope(broker.Random, create(), many("a b")...),
		"chance by key":          scope(broker.Sticky, create(), many("a b")...),
	} {
		if got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
	for _, p := range []broker.Policy{
		broker.WeightedRoundRobin, broker.LeastConnections, broker.FastestResponse, broker.HighestSuccessRate, broker.CostOptimized, broker.Adaptive,
	} {
		if got := scope(p, create(), many("a b")...); !strings.HasPrefix(got, string(p)+"/CREATE_INSTANCES/") {
			t.Errorf("%s: got %q", p, got)
		}
	}
}

// edit changes a snapshot, or its first provider.
type edit = func(*broker.Snapshot, *broker.ProviderView)

func version(change edit) string {
	s := snapshot(provider("a", live(broker.Live{State: broker.Closed})), provider("b"))
	change(&s, &s.Providers[0])
	return selection.Compile(&s).Version()
}

func row(l broker.Live) edit { return func(_ *broker.Snapshot, v *broker.ProviderView) { live(l)(v) } }

func block(b broker.Block) edit {
	return func(_ *broker.Snapshot, v *broker.ProviderView) { v.Blocks = []broker.Block{b} }
}

func measure(m broker.Measured) edit {
	return func(_ *broker.Snapshot, v *broker.ProviderView) {
		v.Measured = map[string]broker.Measured{broker.ClassMutate: m}
	}
}

func capability(value any) edit {
	return func(_ *broker.Snapshot, v *broker.ProviderView) {
		v.Capabilities = map[string]any{"instances": true, "spot": value}
	}
}

func ring(good, bad int64) edit {
	return func(_ *broker.Snapshot, v *broker.ProviderView) { calls(good, bad)(v) }
}

func TestTheVersionMovesWithWhatDecisionsRead(t *testing.T) {
	original := version(func(*broker.Snapshot, *broker.ProviderView) {})
	if len(original) != 32 {
		t.Fatalf("got %q, want 128 bits in hex", original)
	}
	seen := map[string]string{original: "nothing"}
	for name, change := range map[string]edit{
		"the name":             func(_ *broker.Snapshot, v *broker.ProviderView) { v.Name = "aa" },
		"the kind":             func(_ *broker.Snapshot, v *broker.ProviderView) { v.Kind = "aws" },
		"a capability":         func(_ *broker.Snapshot, v *broker.ProviderView) { v.Capabilities = map[string]any{"spot": true} },
		"the priority":         func(_ *broker.Snapshot, v *broker.ProviderView) { v.Priority = 3 },
		"the weight to 0":      func(_ *broker.Snapshot, v *broker.ProviderView) { v.Weight = 0 },
		"enabled":              func(_ *broker.Snapshot, v *broker.ProviderView) { v.Enabled = false },
		"draining":             func(_ *broker.Snapshot, v *broker.ProviderView) { v.Draining = true },
		"the zone":             func(_ *broker.Snapshot, v *broker.ProviderView) { v.Zone = "b" },
		"the price":            func(_ *broker.Snapshot, v *broker.ProviderView) { v.PricePerHour = ptr(2.0) },
		"the price to 0":       func(_ *broker.Snapshot, v *broker.ProviderView) { v.PricePerHour = ptr(0.0) },
		"the price to none":    func(_ *broker.Snapshot, v *broker.ProviderView) { v.PricePerHour = nil },
		"when it was priced":   func(_ *broker.Snapshot, v *broker.ProviderView) { v.PricedAt = noon },
		"what a machine fills": func(_ *broker.Snapshot, v *broker.ProviderView) { v.Fills = 2 },
		"or more":              func(_ *broker.Snapshot, v *broker.ProviderView) { v.Fills = 4 },
		"the order":            func(_ *broker.Snapshot, v *broker.ProviderView) { v.Order = 7 },
		"the health":           func(_ *broker.Snapshot, v *broker.ProviderView) { v.Health.State = broker.Degraded },
		"the response time":    func(_ *broker.Snapshot, v *broker.ProviderView) { v.Health.ResponseTime++ },
		"the check's time":     func(_ *broker.Snapshot, v *broker.ProviderView) { v.Health.CheckedAt = noon },
		"when the breaker may": row(broker.Live{State: broker.Open, OpenUntil: noon.Add(time.Second)}),
		"or later":             row(broker.Live{State: broker.Open, OpenUntil: noon.Add(time.Minute)}),
		"when a permit ends": row(broker.Live{State: broker.Open, OpenUntil: noon.Add(time.Second), Permits: []broker.Permit{
			{Expires: noon.Add(30 * time.Second)},
		}}),
		"when probes closed it": row(broker.Live{State: broker.Closed, ClosedAt: noon}),
		"or a second before":    row(broker.Live{State: broker.Closed, ClosedAt: noon.Add(-time.Second)}),
		"a capability's name": func(s *broker.Snapshot, _ *broker.ProviderView) {
			for i := range s.Providers {
				s.Providers[i].Capabilities = map[string]any{"instances": true, "gpu": true}
			}
		},
		"a success":            ring(1, 0),
		"a failure":            ring(0, 1),
		"the default policy":   func(s *broker.Snapshot, _ *broker.ProviderView) { s.Config.DefaultPolicy = broker.RoundRobin },
		"in flight":            row(broker.Live{State: broker.Closed, InFlight: map[int64]int64{noon.Unix() / 60: 3}}),
		"the weight":           func(_ *broker.Snapshot, v *broker.ProviderView) { v.Weight = 50 },
		"the region":           func(_ *broker.Snapshot, v *broker.ProviderView) { v.Place.Region = "r" },
		"the geography":        func(_ *broker.Snapshot, v *broker.ProviderView) { v.Place.Geography = "r" },
		"the coordinates":      func(_ *broker.Snapshot, v *broker.ProviderView) { v.Place.Point = &broker.Point{} },
		"the room":             func(_ *broker.Snapshot, v *broker.ProviderView) { v.Room = &broker.Room{Free: 1, Limit: 2} },
		"less room":            func(_ *broker.Snapshot, v *broker.ProviderView) { v.Room = &broker.Room{Free: 0, Limit: 2} },
		"when it may":          func(_ *broker.Snapshot, v *broker.ProviderView) { v.NotBefore = noon },
		"a block":              block(broker.Block{}),
		"a block's end":        block(broker.Block{Until: noon}),
		"a block's name":       block(broker.Block{Offering: "small"}),
		"successes":            measure(broker.Measured{Successes: 1}),
		"calls":                measure(broker.Measured{Calls: 1}),
		"when they were":       measure(broker.Measured{At: noon}),
		"the latency":          measure(broker.Measured{Latency: ptr(time.Second)}),
		"the peak":             measure(broker.Measured{Peak: ptr(time.Second)}),
		"machines":             measure(broker.Measured{Delivered: 1}),
		"machines wanted":      measure(broker.Measured{Wanted: 1}),
		"none lost":            measure(broker.Measured{Lost: ptr(0.0)}),
		"some lost":            measure(broker.Measured{Lost: ptr(0.5)}),
		"a number":             capability(3.0),
		"another number":       capability(4.0),
		"a list":               capability([]any{"x"}),
		"another list":         capability([]any{"y"}),
		"that creates explore": func(s *broker.Snapshot, _ *broker.ProviderView) { s.Config.ExploreCreates = true },
		"one provider fewer":   func(s *broker.Snapshot, _ *broker.ProviderView) { s.Providers = s.Providers[:1] },
	} {
		v := version(change)
		if twin, ok := seen[v]; ok {
			t.Errorf("changing %s gives the same version as changing %s", name, twin)
		}
		seen[v] = name
	}
}

func TestTheVersionStandsStillForWhatNoDecisionReads(t *testing.T) {
	original := version(func(*broker.Snapshot, *broker.ProviderView) {})
	for name, change := range map[string]edit{
		"the order of the list": func(s *broker.Snapshot, _ *broker.ProviderView) { slices.Reverse(s.Providers) },
		"when it was taken":     func(s *broker.Snapshot, _ *broker.ProviderView) { s.TakenAt = s.TakenAt.Add(time.Second) },
		"the message":           func(_ *broker.Snapshot, v *broker.ProviderView) { v.Health.Message = "fine" },
		"the tags":              func(_ *broker.Snapshot, v *broker.ProviderView) { v.Tags = map[string]string{"a": "b"} },
		"the next check":        func(_ *broker.Snapshot, v *broker.ProviderView) { v.NextCheckAt = noon },
		"a capability that is not there": func(_ *broker.Snapshot, v *broker.ProviderView) {
			v.Capabilities = map[string]any{"instances": true, "spot": true, "gpu": false}
		},
		"calls that began too long ago to be in flight": row(broker.Live{State: broker.Closed, InFlight: map[int64]int64{noon.Unix()/60 - 16: 3}}),
	} {
		if got := version(change); got != original {
			t.Errorf("changing %s changes the version", name)
		}
	}
}
