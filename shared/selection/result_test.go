package selection_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestConfidenceIsTheShareOfThePickTimesHowFreshTheEvidenceIs(t *testing.T) {
	checked := func(ago time.Duration) func(*broker.ProviderView) {
		return func(v *broker.ProviderView) { v.Health.CheckedAt = noon.Add(-ago) }
	}
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		policy    broker.Policy
		want      float64
	}{
		"checked now":                         {[]broker.ProviderView{provider("a", checked(0))}, broker.FirstAvailable, 1},
		"checked a minute ago":                {[]broker.ProviderView{provider("a", checked(time.Minute))}, broker.FirstAvailable, 0.5},
		"checked five minutes ago":            {[]broker.ProviderView{provider("a", checked(5*time.Minute))}, broker.FirstAvailable, 1.0 / 6},
		"checked by a clock that is ahead":    {[]broker.ProviderView{provider("a", checked(-time.Minute))}, broker.FirstAvailable, 1},
		"a call since the check":              {[]broker.ProviderView{provider("a", checked(time.Hour), calls(1, 0))}, broker.FirstAvailable, 1},
		"nothing was ever measured":           {[]broker.ProviderView{provider("a", unchecked)}, broker.FirstAvailable, 0},
		"one of two in turn":                  {[]broker.ProviderView{provider("a", checked(0)), provider("b")}, broker.RoundRobin, 0.5},
		"one of two, always the first":        {[]broker.ProviderView{provider("a", checked(0)), provider("b")}, broker.FirstAvailable, 1},
		"in turn with nobody of its priority": {[]broker.ProviderView{provider("a", checked(0)), provider("b", priority(1))}, broker.RoundRobin, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decide(snapshot(c.providers...), create(), c.policy).Confidence(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRetryAfterIsWhenTheFirstBreakerWouldAdmit(t *testing.T) {
	until := func(d time.Duration) func(*broker.ProviderView) {
		return live(broker.Live{State: broker.Open, OpenUntil: noon.Add(d)})
	}
	disabled := func(v *broker.ProviderView) { v.Enabled = false }
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		want      time.Duration
		ok        bool
	}{
		"the first of several": {
			[]broker.ProviderView{provider("a", until(9*time.Second)), provider("b", until(4*time.Second)), provider("c", until(6*time.Second))},
			4 * time.Second, true,
		},
		"nobody is held back":    {many("a"), 0, false},
		"an operator's decision": {[]broker.ProviderView{provider("a", live(broker.Live{State: broker.ForcedOpen}))}, 0, false},
		"held back but disabled": {[]broker.ProviderView{provider("a", until(time.Second), disabled)}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := decide(snapshot(c.providers...), create()).RetryAfter(); got != c.want || ok != c.ok {
				t.Errorf("got %v, %v; want %v, %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestNamesThatAreNotRegisteredAreWarnings(t *testing.T) {
	s := snapshot(provider("a"))
	compiled := selection.Compile(&s)
	q := compiled.Prepare(create(func(r *selection.Request) {
		r.Criteria.ExcludeStrategies, r.Criteria.PreferStrategies = []string{"x", "y"}, []string{"a", "z"}
		r.Fallbacks = []string{"w"}
	}))
	want := []string{
		`exclude_strategies: "x" is not registered`, `exclude_strategies: "y" is not registered`,
		`prefer_strategies: "z" is not registered`, `fallback_strategies: "w" is not registered`,
	}
	if diff := cmp.Diff(want, q.Warnings()); diff != "" {
		t.Error(diff)
	}
	if !compiled.Has("a") || compiled.Has("x") || compiled.Len() != 1 {
		t.Errorf("has a: %v, x: %v, %d in all", compiled.Has("a"), compiled.Has("x"), compiled.Len())
	}
}

func TestThePoliciesAreThoseOfTheContract(t *testing.T) {
	want := []broker.Policy{
		"FIRST_AVAILABLE", "ROUND_ROBIN", "WEIGHTED_ROUND_ROBIN", "LEAST_CONNECTIONS", "FASTEST_RESPONSE", "HIGHEST_SUCCESS_RATE",
		"CAPABILITY_BASED", "HEALTH_BASED", "RANDOM", "COST_OPTIMIZED", "GEOGRAPHIC", "ADAPTIVE", "STICKY",
	}
	if diff := cmp.Diff(want, selection.Policies()); diff != "" {
		t.Error(diff)
	}
	for _, p := range want {
		if !selection.Known(p) {
			t.Errorf("%s is not known", p)
		}
	}
	if selection.Known("BEST") || selection.Known("") {
		t.Error("nonsense is known")
	}
}

func TestThePolicyIsTheSnapshotsUnlessOneIsGiven(t *testing.T) {
	s := snapshot(many("a b")...)
	s.Config.DefaultPolicy = broker.RoundRobin
	for given, want := range map[broker.Policy]broker.Policy{
		"": broker.RoundRobin, broker.FirstAvailable: broker.FirstAvailable, "BEST": broker.FirstAvailable,
	} {
		if got := decide(s, create(), given).Policy(); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}

func TestADecisionHoldsWhatTakesItAgain(t *testing.T) {
	s := snapshot(provider("a"), provider("b", tripped))
	compiled := selection.Compile(&s)
	prefer := broker.Criteria{PreferStrategies: []string{"a"}}
	var r selection.Result
	selection.Select(&r, selection.Input{
		Query: compiled.Prepare(criteria(prefer)), Policy: broker.RoundRobin, Ticket: 41, Now: noon.Add(time.Second),
	})
	want := broker.Decision{
		Policy: broker.RoundRobin, Criteria: prefer, Ticket: 41, TakenAt: noon.Add(time.Second),
		Snapshot: compiled.Version(), Ranked: []string{"a"},
		Verdicts: []broker.Verdict{
			{Provider: "a", Rank: 1, DataAgeMS: 31_000},
			{Provider: "b", Rule: "breaker_open", Value: "OPEN", Detail: "until 2026-03-01T12:01:00Z", DataAgeMS: 1000},
		},
	}
	if diff := cmp.Diff(want, r.Decision()); diff != "" {
		t.Error(diff)
	}
}

func TestAResultIsReusedAcrossSnapshotsOfAnySize(t *testing.T) {
	var r selection.Result
	for _, names := range []string{"a b c", "", "a", "a b c d e"} {
		s := snapshot(many(names)...)
		selection.Select(&r, selection.Input{Query: selection.Compile(&s).Prepare(create()), Now: noon})
		if len(r.Verdicts()) != len(s.Providers) || len(r.Ranked()) != min(4, len(s.Providers)) {
			t.Errorf("%q: %d verdicts, ranked %v", names, len(r.Verdicts()), r.Ranked())
		}
	}
}

func TestSelectDoesNotAllocateOnceItHasSeenTheSize(t *testing.T) {
	for _, n := range []int{1, 10, 1000} {
		for _, policy := range selection.Policies() {
			neverAllocates(t, *crowd(n), policy)
		}
		neverAllocates(t, worth(*crowd(n), func(i int) float64 { return float64(1 + i%4) }), broker.CostOptimized)
	}
}

func neverAllocates(t *testing.T, s broker.Snapshot, policy broker.Policy) {
	t.Helper()
	in := selection.Input{Query: selection.Compile(&s).Prepare(fullRequest()), Policy: policy, Ticket: 5, Now: noon}
	var dst selection.Result
	selection.Select(&dst, in)
	if got := testing.AllocsPerRun(50, func() { selection.Select(&dst, in) }); got != 0 {
		t.Errorf("%s of %d: %v allocations", policy, len(s.Providers), got)
	}
}
