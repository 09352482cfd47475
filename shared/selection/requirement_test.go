package selection_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestARequirementIsAFlagANumberOrAList(t *testing.T) {
	sizes := []any{"m", "l", "2xl"}
	for _, c := range []struct {
		declared any
		required string
		met      bool
	}{
		{true, "x", true},
		{4.0, "x", true},
		{sizes, "x", true},
		{true, "x>=1", false},
		{4.0, "x>=4", true},
		{4.0, " x >= 4 ", true},
		{4.0, "x>=3.5", true},
		{4.0, "x>=4.5", false},
		{4.0, "x>=-1", true},
		{json.Number("4"), "x>=4", true},
		{int64(4), "x>=5", false},
		{0.0, "x>=0", false}, // 0 says that it is not there
		{4.0, "x>=m", false},
		{sizes, "x>=m", true},
		{sizes, "x>=l,m", true},
		{sizes, "x>=l, 2xl", true},
		{sizes, "x>=l,xl", false},
		{[]string{"m"}, "x>=m", true},
		{[]any{"4", "8"}, "x>=4", true}, // an item, not a number
		{[]any{"4", "8"}, "x>=3", false},
		{sizes, "y", false},
		{sizes, "y>=m", false},
		{nil, "x", false},
	} {
		v := provider("a", func(v *broker.ProviderView) { v.Capabilities = map[string]any{"x": c.declared} })
		r := decide(snapshot(provider("b"), v), criteria(broker.Criteria{RequiredCapabilities: []string{c.required}}))
		if name, got := r.Picked(); got != c.met || got && name != "a" {
			t.Errorf("%v for %q: %v", c.declared, c.required, got)
		}
	}
}

func TestAnAliasHoldsForNumbersAndListsToo(t *testing.T) {
	for range 20 { // the larger counts, in whatever order a map is read
		for required, met := range map[string]bool{
			"instances>=5": true, "instance_management>=5": true, "instances>=6": false, "instances>=a,b": false, "instances>=a": true,
		} {
			both := provider("a", func(v *broker.ProviderView) {
				v.Capabilities = map[string]any{"instances": 3.0, "instance_management": 5.0}
			})
			lists := provider("b", func(v *broker.ProviderView) { v.Capabilities = map[string]any{"instances": []any{"a"}} })
			_, got := decide(snapshot(both, lists), criteria(broker.Criteria{RequiredCapabilities: []string{required}})).Picked()
			if got != met {
				t.Errorf("%s: %v", required, got)
			}
		}
	}
}

func TestAVerdictShowsWhatIsDeclaredBesideWhatIsRequired(t *testing.T) {
	s := snapshot(provider("a", func(v *broker.ProviderView) {
		v.Capabilities = map[string]any{"cpus": 4.0, "sizes": []any{"m", "l"}, "spot": true}
	}))
	for required, has := range map[string]string{"cpus>=8": "4", "sizes>=xl": "l,m", "spot>=2": "true", "gpu": ""} {
		want := []broker.Verdict{{Provider: "a", Rule: "capability_missing", Value: has, Threshold: required}}
		got := decide(s, criteria(broker.Criteria{RequiredCapabilities: []string{"spot", required}})).Verdicts()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestARequirementThatCannotBeReadIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"x": "", "x>=1": "", "x>=a,b": "", "x>= a , b ": "",
		"":       `"" names no capability`,
		">=4":    `">=4" names no capability`,
		"x>=":    `"x>=": after >= comes a number, or a list of names with commas between them`,
		"x>=a,,": `"x>=a,,": after >= comes a number, or a list of names with commas between them`,
	} {
		got := ""
		if err := selection.CheckRequirement(text); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func FuzzRequirement(f *testing.F) {
	f.Add("instances", "x>=4")
	f.Add("x>=a,b", " >= ")
	f.Fuzz(func(t *testing.T, one, other string) {
		s := snapshot(provider("a", func(v *broker.ProviderView) {
			v.Capabilities = map[string]any{one: 4.0, other: []any{"a"}}
		}))
		required := criteria(broker.Criteria{RequiredCapabilities: []string{one, other}})
		_, more := decide(s, required).Picked()
		required.Criteria.RequiredCapabilities = []string{one}
		if _, fewer := decide(s, required).Picked(); more && !fewer {
			t.Errorf("%q and %q are met, and %q alone is not", one, other, one)
		}
	})
}
