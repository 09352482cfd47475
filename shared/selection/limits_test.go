package selection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func blocked(offering string, d time.Duration) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) {
		v.Blocks = append(v.Blocks, broker.Block{Offering: offering, Until: noon.Add(d), Reason: "CAPACITY"})
	}
}

func delayed(d time.Duration) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) { v.NotBefore = noon.Add(d) }
}

func offering(names ...string) selection.Request {
	return create(func(r *selection.Request) { r.Offerings = map[string][]string{"a": names} })
}

func templated(template string, names ...string) selection.Request {
	r := offering(names...)
	r.Templates = map[string]string{"a": template}
	return r
}

// trying is an offering whose time is over and that somebody tries for so long.
func trying(offering string, d time.Duration) func(*broker.ProviderView) {
	return func(v *broker.ProviderView) {
		v.Blocks = append(v.Blocks, broker.Block{
			Offering: offering, Until: noon.Add(-time.Second), Reason: "CAPACITY", Probe: &broker.Permit{Attempt: "x", Expires: noon.Add(d)},
		})
	}
}

func TestOnlyAProviderOutOfAllOfferingsThatWouldDoIsLeftOut(t *testing.T) {
	minute := time.Minute
	for name, c := range map[string]struct {
		provider broker.ProviderView
		request  selection.Request
		want     string
		after    time.Duration
	}{
		"the one":                       {provider("a", blocked("small", minute)), offering("small"), "offering_blocked", minute},
		"one of two":                    {provider("a", blocked("small", minute)), offering("small", "large"), "", 0},
		"both, until the first is back": {provider("a", blocked("small", minute), blocked("large", 9*time.Second)), offering("small", "large"), "offering_blocked", 9 * time.Second},
		"another":                       {provider("a", blocked("large", minute)), offering("small"), "", 0},
		"everything":                    {provider("a", blocked("", minute)), offering("small", "large"), "offering_blocked", minute},
		"the longer of two":             {provider("a", blocked("", time.Second), blocked("small", minute)), offering("small"), "offering_blocked", minute},
		"the longer of two, first":      {provider("a", blocked("small", minute), blocked("", time.Second)), offering("small"), "offering_blocked", minute},
		"somebody tries it":             {provider("a", trying("small", time.Second)), offering("small"), "offering_blocked", time.Second},
		"the prober died":               {provider("a", trying("small", 0)), offering("small"), "", 0},
		"the template":                  {provider("a", blocked("t", minute)), templated("t", "small"), "offering_blocked", minute},
		"another template":              {provider("a", blocked("u", minute)), templated("t", "small"), "", 0},
		"the template, of no offering":  {provider("a", blocked("t", minute)), templated("t"), "offering_blocked", minute},
		"it is over":                    {provider("a", blocked("small", 0)), offering("small"), "", 0},
		"which would do is not known":   {provider("a", blocked("small", minute)), create(), "", 0},
		"no machine is made":            {provider("a", blocked("", minute)), create(reads), "", 0},
		"the provider is named":         {provider("a", blocked("", minute)), create(func(r *selection.Request) { r.Override = "a" }), "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := decide(snapshot(c.provider), c.request)
			v := r.Verdicts()[0]
			if after, _ := r.RetryAfter(); v.Rule != c.want || after != c.after {
				t.Errorf("got %q, again after %v", v.Rule, after)
			}
		})
	}
}

func TestNobodyIsCalledBeforeTheTimeThatItAskedFor(t *testing.T) {
	for name, r := range map[string]selection.Request{
		"a create": create(), "a health check": create(func(r *selection.Request) { r.Operation = broker.HealthCheck }),
		"named": create(func(r *selection.Request) { r.Override = "a" }), "in panic": criteria(broker.Criteria{Panic: broker.PanicAllow}),
		"a fallback": create(func(r *selection.Request) { r.Fallbacks = []string{"a"} }),
	} {
		t.Run(name, func(t *testing.T) {
			early := decide(snapshot(provider("a", delayed(time.Second))), r)
			want := []broker.Verdict{{Provider: "a", Rule: "not_before", Detail: "until 2026-03-01T12:00:01Z"}}
			if diff := cmp.Diff(want, early.Verdicts()); diff != "" {
				t.Error(diff)
			}
			if after, ok := early.RetryAfter(); !ok || after != time.Second {
				t.Errorf("again after %v", after)
			}
			if _, ok := decide(snapshot(provider("a", delayed(0))), r).Picked(); !ok {
				t.Error("held back when the time has come")
			}
		})
	}
}

func TestACreateNeedsRoom(t *testing.T) {
	for name, c := range map[string]struct {
		room    func(*broker.ProviderView)
		request selection.Request
		want    broker.Verdict
	}{
		"full":               {room(0, 7), create(), broker.Verdict{Rule: "no_room", Value: "7", Threshold: "7"}},
		"more than full":     {room(-1, 7), create(), broker.Verdict{Rule: "no_room", Value: "8", Threshold: "7"}},
		"full and panicking": {room(0, 7), criteria(broker.Criteria{Panic: broker.PanicAllow}), broker.Verdict{Rule: "no_room", Value: "7", Threshold: "7"}},
		"full and named": {
			room(0, 7), create(func(r *selection.Request) { r.Override = "a" }),
			broker.Verdict{Rule: "no_room", Value: "7", Threshold: "7"},
		},
		"one left":     {room(1, 7), create(), broker.Verdict{Rank: 1, DataAgeMS: 30_000}},
		"not known":    {room(0, 0), create(), broker.Verdict{Rank: 1, DataAgeMS: 30_000}},
		"only looking": {room(0, 7), create(reads), broker.Verdict{Rank: 1, DataAgeMS: 30_000}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Provider = "a"
			if diff := cmp.Diff([]broker.Verdict{c.want}, decide(snapshot(provider("a", c.room)), c.request).Verdicts()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPanicDropsRulesAboutHealthWhenNobodyIsLeft(t *testing.T) {
	strict := broker.Criteria{RequireHealthy: ptr(true), MinSuccessRate: ptr(99.0), MaxResponseTimeMS: ptr(1.0), Panic: broker.PanicAllow}
	for name, c := range map[string]struct {
		providers []broker.ProviderView
		criteria  broker.Criteria
		want      string
	}{
		"all, best health first": {
			[]broker.ProviderView{provider("sick", health(broker.Unhealthy)), provider("slow"), provider("new", unchecked), provider("blocked", blocked("", time.Hour))},
			strict, "blocked new slow sick",
		},
		"not while one passes":            {[]broker.ProviderView{provider("slow"), provider("ok", did(broker.Measured{Latency: ptr(time.Duration(0))}))}, strict, "ok"},
		"no hard rule":                    {[]broker.ProviderView{provider("off", func(v *broker.ProviderView) { v.Enabled = false }), provider("slow")}, strict, "slow"},
		"no open breaker":                 {[]broker.ProviderView{provider("open", tripped), provider("slow")}, strict, "slow"},
		"through a half-open one":         {[]broker.ProviderView{provider("half", live(broker.Live{State: broker.Open, OpenUntil: noon}))}, strict, "half"},
		"nobody at all when all are open": {[]broker.ProviderView{provider("open", tripped)}, strict, ""},
		"not unless allowed":              {many("slow"), broker.Criteria{MaxResponseTimeMS: ptr(1.0)}, ""},
		"not when refused":                {many("slow"), broker.Criteria{MaxResponseTimeMS: ptr(1.0), Panic: broker.PanicRefuse}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := decide(snapshot(c.providers...), criteria(c.criteria))
			if got := fmt.Sprint(r.Ranked()); got != "["+c.want+"]" {
				t.Errorf("got %s", got)
			}
			if r.Panicked() != (c.want != "" && c.want != "ok") {
				t.Errorf("panicked: %v", r.Panicked())
			}
		})
	}
}

func TestPanicSaysWhatItDropped(t *testing.T) {
	r := decide(snapshot(provider("a", health(broker.Unhealthy))), criteria(broker.Criteria{RequireHealthy: ptr(true), Panic: broker.PanicAllow}))
	want := []broker.Verdict{{Provider: "a", Rank: 1, Detail: "panic: passes unhealthy", DataAgeMS: 30_000}}
	if diff := cmp.Diff(want, r.Verdicts()); diff != "" {
		t.Error(diff)
	}
	if got := r.Reason(); got != "a because of panic: allow: nobody passes the rules about health" {
		t.Error(got)
	}
}

func TestAFallbackLeavesNoPanic(t *testing.T) {
	r := decide(snapshot(provider("a", unchecked), provider("b", unchecked)), create(func(r *selection.Request) {
		r.Criteria, r.Fallbacks = broker.Criteria{RequireHealthy: ptr(true), Panic: broker.PanicAllow}, []string{"b"}
	}))
	if diff := cmp.Diff([]string{"b"}, r.Ranked()); diff != "" || r.Panicked() {
		t.Error(diff)
	}
}
