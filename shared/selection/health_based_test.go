package selection_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/selection"
)

func TestHealthBasedNeverTakesTheUnhealthyNorWithoutPanicTheUnknown(t *testing.T) {
	var dst selection.Result
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		m.policy, m.request.Override = broker.HealthBased, ""
		if m.request.Operation == broker.HealthCheck {
			m.request.Operation = broker.CreateInstances
		}
		m.run(&dst)
		rules := observe(&dst).Rules
		for _, v := range m.snapshot.Providers {
			if !slices.Contains(dst.Ranked(), v.Name) {
				continue
			}
			unasked := m.request.Criteria.Panic != broker.PanicAllow && rules[v.Name] != "fallback"
			if v.Health.State == broker.Unhealthy || v.Health.State == broker.Unknown && unasked {
				t.Fatalf("%s is %s, panic is %q", v.Name, v.Health.State, m.request.Criteria.Panic)
			}
		}
	})
}

func TestHealthBasedTakesTheHealthyInTurnAndThenTheDegraded(t *testing.T) {
	s := newSeries(broker.HealthBased, snapshot(
		provider("c"), provider("a"), provider("b", health(broker.Degraded)), provider("d"), provider("e", unchecked),
	), create())
	for ticket, want := range []string{"[a c d b]", "[c d a b]", "[d a c b]", "[a c d b]"} {
		if s.pick(ticket); fmt.Sprint(s.result.Ranked()) != want {
			t.Errorf("ticket %d: %v, want %s", ticket, s.result.Ranked(), want)
		}
	}
}

func TestHealthBasedSaysWhyItRefuses(t *testing.T) {
	got := decide(snapshot(provider("a", unchecked), provider("b", health(broker.Unhealthy))), create(), broker.HealthBased)
	if got.Reason() != "no provider is eligible: 1 not_checked_yet, 1 unhealthy" {
		t.Error(got.Reason())
	}
	allowed := decide(snapshot(provider("a", unchecked), provider("b", health(broker.Unhealthy))),
		criteria(broker.Criteria{Panic: broker.PanicAllow}), broker.HealthBased)
	if diff := cmp.Diff([]string{"a"}, allowed.Ranked()); diff != "" {
		t.Error(diff)
	}
}

func TestUnderHealthBasedAFallbackMayBeUnknownAndNotUnhealthy(t *testing.T) {
	r := create(func(r *selection.Request) { r.Fallbacks = []string{"b", "c"} })
	got := decide(snapshot(provider("a"), provider("b", unchecked), provider("c", health(broker.Unhealthy))), r, broker.HealthBased)
	if diff := cmp.Diff([]string{"a", "b"}, got.Ranked()); diff != "" {
		t.Error(diff)
	}
}
