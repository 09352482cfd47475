package selection_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestWithoutProvidersNobodyIsPicked(t *testing.T) {
	for _, policy := range selection.Policies() {
		r := decide(snapshot(), create(), policy)
		if name, ok := r.Picked(); ok || len(r.Ranked())+len(r.Verdicts())+r.Eligible() != 0 {
			t.Errorf("%s: picked %q, ranked %v", policy, name, r.Ranked())
		}
		if r.Reason() != "no provider is registered" || r.Confidence() != 0 || r.Scope() != "" {
			t.Errorf("%s: %q, %v, %q", policy, r.Reason(), r.Confidence(), r.Scope())
		}
		if _, ok := r.RetryAfter(); ok {
			t.Errorf("%s: says when to come back", policy)
		}
	}
}

func TestTheOnlyProviderIsPickedByEveryPolicyWithoutATicket(t *testing.T) {
	for _, policy := range selection.Policies() {
		r := decide(snapshot(provider("a")), create(), policy)
		if diff := cmp.Diff([]string{"a"}, r.Ranked()); diff != "" {
			t.Errorf("%s: %s", policy, diff)
		}
		if r.Scope() != "" || r.Reason() != "a is the only provider that is eligible" {
			t.Errorf("%s: scope %q, reason %q", policy, r.Scope(), r.Reason())
		}
		want := []broker.Verdict{{Provider: "a", Rank: 1, DataAgeMS: 30_000}}
		if diff := cmp.Diff(want, r.Verdicts()); diff != "" {
			t.Errorf("%s: %s", policy, diff)
		}
	}
}

// ranking is a selection with the list and, unless empty, the reason it must
// give.
type ranking struct {
	providers []broker.ProviderView
	request   selection.Request
	want      string
	reason    string
}

func (c *ranking) check(t *testing.T) {
	t.Helper()
	r := decide(snapshot(c.providers...), c.request)
	if diff := cmp.Diff(strings.Fields(c.want), r.Ranked()); diff != "" {
		t.Error(diff)
	}
	if c.reason != "" && r.Reason() != c.reason {
		t.Errorf("got reason  %q\nwant reason %q", r.Reason(), c.reason)
	}
}

func many(names string) []broker.ProviderView {
	var list []broker.ProviderView
	for _, name := range strings.Fields(names) {
		list = append(list, provider(name))
	}
	return list
}

func TestTheRankedListFollowsTheKeys(t *testing.T) {
	for name, c := range map[string]ranking{
		"priority before registration order": {
			[]broker.ProviderView{provider("a", priority(1), order(1)), provider("b", priority(0), order(2))},
			create(), "b a", "b has the best priority, 0",
		},
		"registration order before name": {
			[]broker.ProviderView{provider("a", order(2)), provider("b", order(1))},
			create(), "b a", "b by FIRST_AVAILABLE among 2 equals of priority 0",
		},
		"name last": {many("b a"), create(), "a b", ""},
		"the preferred before priority, in the order given": {
			[]broker.ProviderView{provider("a"), provider("b", priority(7)), provider("c", priority(9))},
			criteria(broker.Criteria{PreferStrategies: []string{"c", "b"}}), "c b a", "c is preferred",
		},
		"the degraded behind the sound, preferred or not": {
			[]broker.ProviderView{provider("a", health(broker.Degraded)), provider("b", priority(9))},
			criteria(broker.Criteria{PreferStrategies: []string{"a"}}), "b a", "b is first by health, then by priority, 9",
		},
		"the unhealthy last of all": {
			[]broker.ProviderView{
				provider("a", health(broker.Unhealthy)), provider("b", health(broker.Degraded), priority(9)),
				provider("c", unchecked, priority(10)),
			},
			create(), "c b a", "c is first by health, then by priority, 10",
		},
		"the preferred first among the unhealthy": {
			[]broker.ProviderView{provider("a", health(broker.Unhealthy)), provider("b", health(broker.Unhealthy))},
			criteria(broker.Criteria{PreferStrategies: []string{"b"}}), "b a", "b is preferred",
		},
		"a breaker that probes closed 59 s ago ramps up": {
			[]broker.ProviderView{provider("a", live(broker.Live{ClosedAt: noon.Add(-59 * time.Second)})), provider("b", priority(1))},
			create(), "b a", "",
		},
		"one closed 60 s ago does not": {
			[]broker.ProviderView{provider("a", live(broker.Live{ClosedAt: noon.Add(-60 * time.Second)})), provider("b", priority(1))},
			create(), "a b", "",
		},
		"a preferred one ramps up too": {
			[]broker.ProviderView{provider("a", live(broker.Live{ClosedAt: noon.Add(-59 * time.Second)})), provider("b", priority(1))},
			criteria(broker.Criteria{PreferStrategies: []string{"a"}}), "b a", "",
		},
		"a half-open breaker with a free permit is probed by real work": {
			[]broker.ProviderView{provider("a", live(broker.Live{State: broker.Open, OpenUntil: noon})), provider("b", priority(1))},
			create(), "a b", "",
		},
		"a read has a breaker of its own": {
			[]broker.ProviderView{provider("a", tripped), provider("b", priority(1))},
			create(func(r *selection.Request) { r.Operation = broker.ValidateTemplate }), "a b", "",
		},
		"four at most": {many("a b c d e"), create(), "a b c d", "a by FIRST_AVAILABLE among 5 equals of priority 0"},
	} {
		t.Run(name, c.check)
	}
}

func TestFallbacks(t *testing.T) {
	fallbacks := func(names string) selection.Request {
		return create(func(r *selection.Request) { r.Fallbacks = strings.Fields(names) })
	}
	strict := fallbacks("b")
	strict.Criteria.RequireHealthy = ptr(true)
	barred := fallbacks("b")
	barred.Criteria.ExcludeStrategies = []string{"b"}
	preferred := fallbacks("b")
	preferred.Criteria.PreferStrategies = []string{"b"}
	for name, c := range map[string]ranking{
		"own the last place": {many("a b c d e f"), fallbacks("a b"), "c d e a", ""},
		"take every place that is left, in the order given": {
			append(many("a b d e"), provider("c", tripped)), fallbacks("e c nobody e b d"), "a e b d", "",
		},
		"obey no thresholds": {
			[]broker.ProviderView{provider("a", unchecked), provider("b", unchecked)},
			strict,
			"b", "b is the first fallback that is eligible, and no other provider is",
		},
		"obey hard filters":                 {many("a b"), barred, "a", ""},
		"come last when they are preferred": {many("a b"), preferred, "a b", ""},
	} {
		t.Run(name, c.check)
	}
}

func TestAnOverride(t *testing.T) {
	override := create(func(r *selection.Request) {
		r.Override, r.Fallbacks = "b", []string{"a"}
		r.Criteria.RequireHealthy, r.Criteria.MaxResponseTimeMS, r.Criteria.MinSuccessRate = ptr(true), ptr(0.0), ptr(100.0)
	})
	capable := override
	capable.Criteria.RequiredCapabilities = []string{"gpu"}
	for name, c := range map[string]ranking{
		"stands alone, past policy, health and thresholds": {
			[]broker.ProviderView{provider("a"), provider("b", calls(0, 1), health(broker.Unhealthy), priority(9))},
			override, "b", "b was asked for by strategy_override",
		},
		"obeys its breaker": {
			[]broker.ProviderView{provider("a"), provider("b", tripped)},
			override, "", "no provider is eligible: 1 strategy_override, 1 breaker_open",
		},
		"obeys requirements": {
			many("a b"), capable, "", "no provider is eligible: 1 strategy_override, 1 capability_missing",
		},
		"that is not registered picks nobody": {
			many("a"), override, "", "no provider is eligible: 1 strategy_override",
		},
	} {
		t.Run(name, c.check)
	}
}

func TestAHealthCheckAsksTheSickAsWell(t *testing.T) {
	sick := provider("a", health(broker.Unhealthy), func(v *broker.ProviderView) {
		v.Live = map[string]broker.Live{broker.ClassRead: {State: broker.Open, OpenUntil: noon.Add(time.Hour)}}
	})
	checkup := create(func(r *selection.Request) { r.Operation, r.Criteria.RequireHealthy = broker.HealthCheck, ptr(true) })
	named := checkup
	named.Override = "a"
	for name, c := range map[string]ranking{
		"by its place":  {[]broker.ProviderView{sick, provider("b", priority(1))}, checkup, "a b", "a has the best priority, 0"},
		"when named":    {[]broker.ProviderView{sick, provider("b")}, named, "a", ""},
		"when disabled": {[]broker.ProviderView{provider("a", func(v *broker.ProviderView) { v.Enabled = false })}, checkup, "", ""},
	} {
		t.Run(name, c.check)
	}
}

func TestRoundRobinTakesTurnsByName(t *testing.T) {
	s := snapshot(provider("c"), provider("a", order(9)), provider("b", order(8)), provider("z", tripped), provider("y", priority(1)))
	q := selection.Compile(&s).Prepare(create())
	var r selection.Result
	for ticket, want := range map[int64]string{0: "a b c y", 1: "b c a y", 2: "c a b y", 3: "a b c y", 1<<63 - 1: "b c a y"} {
		selection.Select(&r, selection.Input{Query: q, Policy: broker.RoundRobin, Ticket: ticket, Now: noon})
		if diff := cmp.Diff(strings.Fields(want), r.Ranked()); diff != "" {
			t.Errorf("ticket %d: %s", ticket, diff)
		}
	}
}

func TestRankingAgainWithATicketIsSelectingWithIt(t *testing.T) {
	s := snapshot(many("a b c")...)
	in := selection.Input{Query: selection.Compile(&s).Prepare(create()), Policy: broker.RoundRobin, Now: noon}
	var r selection.Result
	selection.Filter(&r, in)
	for ticket, want := range []string{"a b c", "b c a", "c a b"} {
		r.Rank(int64(ticket))
		if diff := cmp.Diff(strings.Fields(want), r.Ranked()); diff != "" {
			t.Errorf("ticket %d: %s", ticket, diff)
		}
		reason := fmt.Sprintf("%s by ROUND_ROBIN among 3 equals of priority 0, ticket %d", want[:1], ticket)
		if r.Reason() != reason || r.Ticket() != int64(ticket) {
			t.Errorf("got %q with ticket %d, want %q", r.Reason(), r.Ticket(), reason)
		}
	}
}
