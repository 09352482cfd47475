package catalog_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func TestRegisteringTheSameAgainGivesTheSameAnswer(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		first := s.ok(s.call("registerProviderStrategy", registration("a")))
		again := s.ok(s.call("registerProviderStrategy", registration("a")))
		s.equal(string(first.Body), string(again.Body))
		s.equal([]string{}, s.store.written())

		other := strings.Replace(registration("a"), `"provider_type"`, `"priority": 3, "provider_type"`, 1)
		a, err := s.call("registerProviderStrategy", other)
		e := s.refused(fault.Conflict, a, err)
		s.equal(int64(1), e.Extra["current_version"])

		seen := strings.Replace(other, `"provider_type"`, `"version": 1, "provider_type"`, 1)
		updated := decode[command.Registered](s, s.ok(s.call("registerProviderStrategy", seen)).Body)
		s.equal([]any{"updated", int64(2)}, []any{updated.Status, updated.Version})
		a, err = s.call("registerProviderStrategy", strings.Replace(seen, `"priority": 3`, `"priority": 4`, 1))
		s.equal(int64(2), s.refused(fault.Conflict, a, err).Extra["current_version"])
	})
}

func TestANewRegistrationOpensTheBreaker(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.openBreaker("a")
		seen := strings.Replace(registration("a"), `"provider_type"`, `"version": 1, "priority": 3, "provider_type"`, 1)
		s.ok(s.call("registerProviderStrategy", seen))
		s.equal(broker.Closed, s.live("a", broker.ClassMutate).State)
		s.execute(create(1, ""))
		s.truth(1)
	})
}

func TestAKindWithoutADriverIsStoredUnknownAndNeverSelected(t *testing.T) {
	inSite(t, map[string]int{"a": 0}, func(s *site) {
		a := s.ok(s.call("registerProviderStrategy", `{"strategy_name": "cloud", "provider_type": "aws", "priority": 0, "strategy_config": {"region": "us-west-2", "profile": "p"}}`))
		r := decode[command.Registered](s, a.Body)
		if len(r.Warnings) == 0 || !strings.Contains(strings.Join(r.Warnings, " "), "driver") {
			s.Errorf("no warning of the missing driver: %q", r.Warnings)
		}
		health := decode[map[string]json.RawMessage](s, s.ok(s.call("getProviderHealth", `{"provider_name": "cloud"}`)).Body)
		s.equal(`"UNKNOWN"`, string(health["state"]))
		v, code := s.execute(create(1, ""))
		s.equal(fault.NoProviderAvailable, code)
		s.equal([]string{"a NONE 0/1 CAPACITY"}, attempts(v))
		b, err := s.call("executeProviderOperation", create(1, `, "strategy_override": "cloud"`))
		s.refused(fault.NoProviderAvailable, b, err)
		s.equal([]string{"a"}, s.due(s.Context()))
		pass(time.Hour)
		s.equal([]string{"a"}, s.due(s.Context()))
	})
}

// due names the providers whose check the health workflow would make now.
func (s *site) due(ctx context.Context) (names []string) {
	s.Helper()
	out, err := s.steps.Invoke(ctx, "due", json.RawMessage(`{}`))
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range decode[command.DueProviders](s, out).Providers {
		if p.Function == "probe-"+kind {
			names = append(names, p.ProviderName)
		}
	}
	return names
}

func TestAProberThatDiesIsSeenEachTime(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		health := func() broker.Health {
			snap, err := s.stored.Snapshot(s.Context())
			if err != nil {
				s.Fatal(err)
			}
			return snap.Providers[0].Health
		}
		s.due(s.Context()) // the first check after the one of the registration
		pass(time.Hour)
		s.due(s.Context())
		for range 4 { // nobody makes the checks that were claimed
			h := health()
			s.equal([]any{broker.Unhealthy, 0}, []any{h.State, h.FailedInRow})
			pass(time.Hour)
			s.equal([]string{"a"}, s.due(s.Context()))
		}
		s.equal([]any{broker.Closed, broker.Closed}, []any{s.reads("a", broker.ClassMutate), s.reads("a", broker.ClassRead)})
		s.execute(create(1, "")) // a dead prober blocks nobody
		s.truth(1)
		if err := s.ProbeNow(s.Context(), "a", kind); err != nil {
			s.Fatal(err)
		}
		s.equal(broker.Healthy, health().State)
	})
}

func TestAnIdleProviderIsRemovedAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		a := s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`))
		s.equal("deregistered", decode[command.Deregistered](s, a.Body).Status)
		s.equal([]string{"b"}, s.registered())
		a, err := s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`)
		s.refused(fault.NotFound, a, err)
	})
}

func TestAProviderIsNotRemovedUnderACall(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 4 * time.Second})
		v, _ := s.execute(create(1, ""), async)
		pass(time.Second)
		a, err := s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`)
		s.refused(fault.Conflict, a, err)
		a = s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a", "force": true}`))
		d := decode[command.Deregistered](s, a.Body)
		s.equal([]any{"draining", 0, 1}, []any{d.Status, d.OpenMachines, d.OpenOperations})
		s.tick()
		s.equal([]string{"a"}, s.registered())
		pass(4 * time.Second)
		s.equal(broker.OpSucceeded, s.get(v.ID).Status)
		s.truth(1)
	})
}

// A worker that begins after the provider was marked does not call it.
func TestAWorkerThatFindsItsProviderDrainingMakesNothingThere(t *testing.T) {
	inSite(t, map[string]int{"a": 0, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		v, _ := s.execute(create(1, ""), async)
		pass(time.Second)
		s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "b"}`))
		pass(3 * time.Second)
		v = s.get(v.ID)
		s.equal([]string{"a NONE 0/1 CAPACITY", "b NONE 0/1 REFUSED"}, attempts(v))
		s.calls("b", sim.Create, 0)
		s.equal([]string{"a"}, s.registered())
	})
}

// One that is still registered, for the machine that it has, is marked only.
func TestAWorkerThatFindsItsProviderMarkedMakesNothingThere(t *testing.T) {
	inSite(t, map[string]int{"a": 0, "b": 9}, func(s *site) {
		s.execute(create(1, `, "strategy_override": "b"`))
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 3 * time.Second})
		v, _ := s.execute(create(1, ""), async)
		pass(time.Second)
		s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "b", "force": true}`))
		pass(3 * time.Second)
		s.equal([]string{"a NONE 0/1 CAPACITY", "b NONE 0/1 REFUSED"}, attempts(s.get(v.ID)))
		s.truth(1)
	})
}

func TestACallInFlightHoldsItsProvider(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		begin := broker.LiveWrite{Kind: broker.LiveBegin, Now: time.Now(), Started: time.Now()}
		if _, err := s.stored.ApplyLive(s.Context(), broker.LiveKey{Provider: "a", Class: broker.ClassRead}, begin); err != nil {
			s.Fatal(err)
		}
		a, err := s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`)
		s.refused(fault.Conflict, a, err)
		pass(20 * time.Minute) // whoever made it is dead
		s.ok(s.call("deregisterProviderStrategy", `{"strategy_name": "a"}`))
	})
}

func TestTwoSchedulesMakeACheckOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 1}, func(s *site) {
		other := s.open(s.T)
		var theirs []string
		s.store.setGate(func(ctx context.Context, write string, after bool) error {
			if write == "check" && !after {
				theirs = other.due(ctx)
			}
			return nil
		})
		s.equal([]string(nil), s.due(s.Context()))
		s.equal([]string{"a"}, theirs)
	})
}

func TestACheckByNameIsMadeBesideTheSchedule(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 1}, func(s *site) {
		s.due(s.Context())
		s.equal(0, len(s.due(s.Context()))) // everybody's was claimed just now
		want := command.DueProviders{Providers: []command.ProbeWork{{Function: "probe-static", ProviderName: "a", DriverTimeoutMS: 5000, TimeoutSeconds: 7}}}
		out, err := s.steps.Invoke(s.Context(), "due", json.RawMessage(`{"provider_name": "a"}`))
		if err != nil {
			s.Fatal(err)
		}
		s.equal(want, decode[command.DueProviders](s, out))
		_, err = s.serve["due"].Serve(s.Context(), op.Call{Role: op.Admin}, []byte(`{"provider_name": "c"}`))
		if !fault.Is(err, fault.NotFound) {
			s.Fatalf("a provider that is not registered: got %v, want not_found", err)
		}
	})
}
