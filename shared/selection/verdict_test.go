package selection_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestAVerdictTellsRuleValueThresholdAndAge(t *testing.T) {
	taken := []broker.Permit{{Attempt: "x", Expires: noon.Add(time.Second)}}
	for name, c := range map[string]struct {
		provider broker.ProviderView
		request  selection.Request
		want     broker.Verdict
	}{
		"excluded": {
			provider("a"), criteria(broker.Criteria{ExcludeStrategies: []string{"a"}}), broker.Verdict{Rule: "excluded"},
		},
		"another is named": {
			provider("a"), create(func(r *selection.Request) { r.Override = "b" }),
			broker.Verdict{Rule: "strategy_override", Threshold: "b"},
		},
		"no driver": {
			provider("a", func(v *broker.ProviderView) { v.Kind = "aws" }), create(),
			broker.Verdict{Rule: "driver_absent", Value: "aws", Detail: "this broker has no driver for providers of this kind"},
		},
		"not enabled": {
			provider("a", func(v *broker.ProviderView) { v.Enabled = false }), create(), broker.Verdict{Rule: "not_enabled"},
		},
		"draining": {
			provider("a", func(v *broker.ProviderView) { v.Draining = true }), create(), broker.Verdict{Rule: "draining"},
		},
		"weight 0": {
			provider("a", func(v *broker.ProviderView) { v.Weight = 0 }), create(), broker.Verdict{Rule: "weight_zero"},
		},
		"an operation that the driver lacks": {
			provider("a"),
			create(func(r *selection.Request) { r.Drivers["static"] = []broker.OperationType{broker.HealthCheck} }),
			broker.Verdict{Rule: "operation_unsupported", Value: "static", Threshold: "CREATE_INSTANCES"},
		},
		"the first capability that is missing": {
			provider("a"), criteria(broker.Criteria{RequiredCapabilities: []string{"spot", "gpu", "fpga"}}),
			broker.Verdict{Rule: "capability_missing", Threshold: "gpu"},
		},
		"another zone": {
			provider("a"), criteria(broker.Criteria{Zones: []string{"b", "c"}}),
			broker.Verdict{Rule: "zones", Value: "a", Threshold: "b, c"},
		},
		"no zone": {
			provider("a", func(v *broker.ProviderView) { v.Zone = "" }), criteria(broker.Criteria{Zones: []string{""}}),
			broker.Verdict{Rule: "zones"},
		},
		"an incomplete template": {
			provider("a"), create(func(r *selection.Request) { r.Incomplete = map[string]string{"a": "image is missing"} }),
			broker.Verdict{Rule: "template_incomplete", Detail: "image is missing"},
		},
		"no price": {
			provider("a", func(v *broker.ProviderView) { v.PricePerHour = nil }), criteria(broker.Criteria{MaxCostPerHour: ptr(0.5)}),
			broker.Verdict{Rule: "price_unknown", Threshold: "0.5"},
		},
		"too dear": {
			provider("a"), criteria(broker.Criteria{MaxCostPerHour: ptr(0.5)}),
			broker.Verdict{Rule: "max_cost_per_hour", Value: "1", Threshold: "0.5"},
		},
		"an open breaker": {
			provider("a", tripped), create(),
			broker.Verdict{Rule: "breaker_open", Value: "OPEN", Detail: "until 2026-03-01T12:01:00Z"},
		},
		"a breaker that an operator holds open": {
			provider("a", live(broker.Live{State: broker.ForcedOpen})), create(),
			broker.Verdict{Rule: "breaker_open", Value: "FORCED_OPEN", Detail: "until an operator releases it"},
		},
		"every permit taken": {
			provider("a", live(broker.Live{State: broker.HalfOpen, Permits: taken})), create(),
			broker.Verdict{Rule: "breaker_open", Value: "HALF_OPEN", Detail: "until 2026-03-01T12:00:01Z"},
		},
		"not checked yet": {
			provider("a", unchecked), criteria(broker.Criteria{RequireHealthy: ptr(true)}),
			broker.Verdict{Rule: "not_checked_yet", Value: "UNKNOWN"},
		},
		"unhealthy": {
			provider("a", health(broker.Unhealthy)), criteria(broker.Criteria{RequireHealthy: ptr(true)}),
			broker.Verdict{Rule: "unhealthy", Value: "UNHEALTHY", DataAgeMS: 30_000},
		},
		"too slow": {
			provider("a"), criteria(broker.Criteria{MaxResponseTimeMS: ptr(4.5)}),
			broker.Verdict{Rule: "max_response_time_ms", Value: "5", Threshold: "4.5", DataAgeMS: 30_000},
		},
		"calls that took too long": {
			provider("a", did(broker.Measured{At: noon.Add(-2 * time.Second), Latency: ptr(9 * time.Millisecond)})),
			criteria(broker.Criteria{MaxResponseTimeMS: ptr(8.0)}),
			broker.Verdict{Rule: "max_response_time_ms", Value: "9", Threshold: "8", DataAgeMS: 2000},
		},
		"too few of the measured successes": {
			provider("a", calls(9, 0), func(v *broker.ProviderView) {
				v.Measured = map[string]broker.Measured{broker.ClassMutate: {At: noon.Add(-3 * time.Second), Successes: 4.5, Calls: 6}}
			}),
			criteria(broker.Criteria{MinSuccessRate: ptr(80.0)}),
			broker.Verdict{Rule: "min_success_rate", Value: "75", Threshold: "80", Detail: "4.5 of 6 calls", DataAgeMS: 3000},
		},
		"out of an offering": {
			provider("a", blocked("", time.Hour)), create(), broker.Verdict{Rule: "offering_blocked", Value: "CAPACITY", Detail: "until 2026-03-01T13:00:00Z"},
		},
		"too few successes": {
			provider("a", calls(3, 1)), criteria(broker.Criteria{MinSuccessRate: ptr(75.5)}),
			broker.Verdict{Rule: "min_success_rate", Value: "75", Threshold: "75.5", Detail: "3 of 4 calls in the last minute"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Provider = "a"
			got := decide(snapshot(c.provider), c.request).Verdicts()
			if diff := cmp.Diff([]broker.Verdict{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAVerdictShowsWhatThePolicyComparedAndHowOldItIs(t *testing.T) {
	one := provider("a", busy(2), price(0.5), weight(50), room(30, 40), place("z", "", ""), func(v *broker.ProviderView) {
		v.Measured = map[string]broker.Measured{broker.ClassMutate: {
			At: noon.Add(-4 * time.Second), Successes: 97, Calls: 100, Peak: ptr(12 * time.Millisecond), Delivered: 10, Wanted: 10,
		}}
	})
	other := provider("b", func(v *broker.ProviderView) { v.Live, v.PricePerHour = nil, nil })
	for policy, want := range map[broker.Policy][2]string{
		broker.FirstAvailable:     {"", ""},
		broker.RoundRobin:         {"", ""},
		broker.WeightedRoundRobin: {"weight 50", "weight 100"},
		broker.Random:             {"weight 50", "weight 100"},
		broker.LeastConnections:   {"2 in flight, weight 50", "0 in flight, weight 100"},
		broker.Sticky:             {"weight 50, 2 in flight", "weight 100, 0 in flight"},
		broker.FastestResponse:    {"12ms expected, 2 in flight, weight 50", "12ms expected, the median: not measured, 0 in flight, weight 100"},
		// The common rate is 0.97; the interval is 1.645 √(0.97 × 0.03 / 111), or of 11 calls.
		broker.HighestSuccessRate: {"97 % believed, 94.3 % at least, 97 of 100 calls", "97 % believed, 88.5 % at least, 0 of 0 calls"},
		broker.CapabilityBased:    {"2 capabilities, 2 unused", "2 capabilities, 2 unused"},
		broker.HealthBased:        {"HEALTHY", "HEALTHY"},
		broker.CostOptimized:      {"0.5 per delivered machine-hour, 100 % available", "price unknown, 100 % available"},
		broker.Geographic:         {"same zone, 25 % used", "distance not known"},
		broker.Adaptive:           {"weight 50 × 1", "weight 100 × 1"},
	} {
		r := decide(snapshot(one, other), from(broker.Origin{Zone: "z"}), policy)
		for _, v := range r.Verdicts() {
			i := map[string]int{"a": 0, "b": 1}[v.Provider]
			if v.Value != want[i] {
				t.Errorf("%s: %s has %q, want %q", policy, v.Provider, v.Value, want[i])
			}
			if age := []int64{4000, 30_000}[i]; want[i] != "" && v.DataAgeMS != age {
				t.Errorf("%s: the data of %s is %d ms old, want %d", policy, v.Provider, v.DataAgeMS, age)
			}
		}
	}
}

func TestVerdictsComeByRankThenByName(t *testing.T) {
	r := decide(snapshot(
		provider("x"), provider("b", tripped), provider("c", priority(1)), provider("a", tripped), provider("f"),
	), create(func(r *selection.Request) { r.Fallbacks = []string{"f"} }))
	var got []string
	for _, v := range r.Verdicts() {
		got = append(got, fmt.Sprintf("%s %d %s", v.Provider, v.Rank, v.Rule))
	}
	want := []string{"x 1 ", "c 2 lower_tier", "f 3 fallback", "a 0 breaker_open", "b 0 breaker_open"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatPassesALimitForWantOfDataSaysSo(t *testing.T) {
	r := decide(snapshot(provider("a", unchecked)), criteria(broker.Criteria{MinSuccessRate: ptr(100.0), MaxResponseTimeMS: ptr(0.0)}))
	want := []broker.Verdict{{
		Provider: "a", Rank: 1,
		Detail: "never measured: passes max_response_time_ms; no calls: passes min_success_rate",
	}}
	if diff := cmp.Diff(want, r.Verdicts()); diff != "" {
		t.Error(diff)
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	r := decide(snapshot(provider("a", calls(95, 5))), criteria(broker.Criteria{
		MinSuccessRate: ptr(95.0), MaxResponseTimeMS: ptr(5.0), MaxCostPerHour: ptr(1.0),
	}))
	if diff := cmp.Diff([]string{"a"}, r.Ranked()); diff != "" {
		t.Error(diff)
	}
}

func TestDegradedPassesRequireHealthy(t *testing.T) {
	r := decide(snapshot(provider("a", health(broker.Degraded))), criteria(broker.Criteria{RequireHealthy: ptr(true)}))
	if diff := cmp.Diff([]string{"a"}, r.Ranked()); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyWhatIsDeclaredIsThere(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		there bool
	}{
		"true": {true, true}, "false": {false, false}, "one": {1.0, true}, "zero": {0.0, false},
		"an int": {3, true}, "int zero": {0, false}, "an int64": {int64(3), true}, "int64 zero": {int64(0), false},
		"a JSON number": {json.Number("2"), true}, "JSON zero": {json.Number("0.0"), false}, "no JSON number": {json.Number("x"), false},
		"a list": {[]any{"x"}, true}, "an empty list": {[]any{}, false},
		"names": {[]string{"x"}, true}, "no names": {[]string{}, false},
		"text": {"true", false}, "an object": {map[string]any{"x": true}, false}, "null": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := provider("a", func(v *broker.ProviderView) { v.Capabilities = map[string]any{"x": c.value} })
			r := decide(snapshot(v), criteria(broker.Criteria{RequiredCapabilities: []string{"x"}}))
			if _, got := r.Picked(); got != c.there {
				t.Errorf("got %v, want %v", got, c.there)
			}
		})
	}
}

func TestInstancesIsAnotherNameOfInstanceManagement(t *testing.T) {
	names := []string{"instances", "instance_management"}
	for _, declared := range names {
		for _, required := range names {
			v := provider("a", func(v *broker.ProviderView) { v.Capabilities = map[string]any{declared: true} })
			r := decide(snapshot(v), criteria(broker.Criteria{RequiredCapabilities: []string{required}}))
			if _, ok := r.Picked(); !ok {
				t.Errorf("declared %s, required %s: refused", declared, required)
			}
		}
	}
}
