package catalog_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func (s *site) live(provider, class string) broker.Live {
	s.Helper()
	snap, err := s.stored.Snapshot(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	for _, p := range snap.Providers {
		if p.Name == provider {
			return p.Live[class]
		}
	}
	s.Fatalf("no provider %q", provider)
	return broker.Live{}
}

func TestRefusedCredentialsOpenTheBreakerAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Auth, true)})
		v, _ := s.execute(create(1, ""))
		s.equal([]string{"a NONE 0/1 REFUSED", "b CONFIRMED 1/1 "}, attempts(v))
		s.calls("a", sim.Create, 1)
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{broker.Open, "auth"}, []any{row.State, row.Reason})

		v, _ = s.execute(create(1, ""))
		s.equal([]string{"b CONFIRMED 1/1 "}, attempts(v))
		s.calls("a", sim.Create, 1)
	})
}

func TestARunOfFailuresOpensTheBreakerAndACallThatItRefusesIsNotMade(t *testing.T) {
	inSite(t, map[string]int{"a": 0, "b": 5}, func(s *site) {
		b := s.sims["b"]
		b.Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		for range 4 {
			s.execute(create(1, `, "strategy_override": "b", "retry_count": 0`))
		}
		s.equal(broker.Closed, s.live("b", broker.ClassMutate).State)
		// The fifth failure comes while another operation, which chose b as its
		// second, is on its way.
		s.sims["a"].Script(sim.Create, sim.Step{Latency: 2 * time.Second})
		done := make(chan broker.OperationView)
		go func() {
			v, _ := s.execute(create(1, ""))
			done <- v
		}()
		pass(time.Second)
		s.execute(create(1, `, "strategy_override": "b", "retry_count": 0`))
		s.calls("b", sim.Create, 5)
		v := <-done
		s.equal([]string{"a NONE 0/1 CAPACITY", "b NONE 0/1 REFUSED"}, attempts(v))
		s.calls("b", sim.Create, 5)

		a, err := s.call("executeProviderOperation", create(1, `, "strategy_override": "b"`))
		e := s.refused(fault.NoProviderAvailable, a, err)
		if !strings.Contains(e.Detail, "b:") || e.RetryAfter <= 0 {
			s.Errorf("the refusal does not say why, or how long: %v, %s", e, e.RetryAfter)
		}
		s.calls("b", sim.Create, 5)
	})
}

func TestWantOfMachinesOpensNoBreaker(t *testing.T) {
	inSite(t, map[string]int{"a": 0}, func(s *site) {
		for range 12 { // named, else it would be left alone for a while
			s.execute(only("a"))
		}
		s.calls("a", sim.Create, 12)
		s.equal(broker.Closed, s.live("a", broker.ClassMutate).State)
	})
}

func TestAProviderOnTrialGetsOneMachineAndTheRestGoesElsewhere(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.openBreaker("a")
		pass(61 * time.Second)
		s.tick()
		v, _ := s.execute(create(3, `, "selection_criteria": {"prefer_strategies": ["a"]}`))
		s.equal([]string{"a CONFIRMED 1/1 ", "b CONFIRMED 2/2 "}, attempts(v))
		s.equal(broker.OpSucceeded, v.Status)
		s.equal(broker.Closed, s.live("a", broker.ClassMutate).State)
		s.truth(3)
	})
}

func TestAProviderOnTrialThatFailsIsShutOutForLonger(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.openBreaker("a")
		pass(61 * time.Second)
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		v, _ := s.execute(create(3, `, "selection_criteria": {"prefer_strategies": ["a"]}`))
		s.equal([]string{"a NONE 0/1 REFUSED", "b CONFIRMED 3/3 "}, attempts(v))
		row := s.live("a", broker.ClassMutate)
		s.equal([]any{broker.Open, 2 * time.Minute}, []any{row.State, time.Until(row.OpenUntil)})
		s.truth(3)
	})
}

// openBreaker lets a provider fail until its breaker is open.
func (s *site) openBreaker(provider string) {
	s.Helper()
	for range 5 {
		s.sims[provider].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.execute(create(1, `, "retry_count": 0, "strategy_override": "`+provider+`"`))
	}
	s.equal(broker.Open, s.live(provider, broker.ClassMutate).State)
}

func TestALookUpThatAnswersIsNoEvidenceAgainstTheProvider(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		a := s.sims["a"]
		for range 6 {
			a.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true}, sim.Step{Err: fails(fault.Auth, true)})
			s.execute(create(1, ""))
			s.clearBreaker("a", broker.ClassMutate)
		}
		if a.Calls(sim.Find) < 6 {
			s.Fatalf("the test looks up %d times only", a.Calls(sim.Find))
		}
		row := s.live("a", broker.ClassRead)
		s.equal([]any{broker.Closed, 0}, []any{row.State, row.FailRun})
		s.truth(6)
	})
}

func (s *site) clearBreaker(provider, class string) {
	s.Helper()
	if _, err := s.stored.ApplyLive(s.Context(), broker.LiveKey{Provider: provider, Class: class}, broker.LiveWrite{Kind: broker.LiveClear, Now: time.Now()}); err != nil {
		s.Fatal(err)
	}
}

func TestAHealthCheckOfASickProviderSucceeds(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.openBreaker("a")
		for name, step := range map[string]sim.Step{
			"it says that it is sick": {Err: fails(fault.Down, false)},
			"the check fails":         {Err: fails(fault.Server, true)},
			"the check hangs":         {Hang: true},
		} {
			s.sims["a"].Script(sim.Health, step)
			v, code := s.execute(`{"operation_type": "HEALTH_CHECK", "strategy_override": "a"}`)
			s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
			found := v.Result.HealthResult
			if found == nil {
				s.Fatalf("%s: nothing was found", name)
			}
			if found.IsHealthy || found.StatusMessage == "" {
				s.Errorf("%s: found %+v", name, found)
			}
		}
		s.equal(0, s.live("a", broker.ClassRead).FailRun)
	})
}

// panicky is a driver that panics at its first calls.
type panicky struct {
	providers.Driver
	left *int
	late bool // after the effect
}

func (p panicky) bang() {
	if *p.left > 0 {
		*p.left--
		panic("a driver's mistake")
	}
}

func (p panicky) Create(ctx context.Context, spec broker.CreateSpec) (providers.CreateResult, error) {
	if !p.late {
		p.bang()
	}
	r, err := p.Driver.Create(ctx, spec)
	p.bang()
	return r, err
}

func (p panicky) Status(ctx context.Context, ids []string) ([]broker.Machine, error) {
	p.bang()
	return p.Driver.Status(ctx, ids)
}

func (p panicky) Health(ctx context.Context) (broker.Health, error) {
	p.bang()
	return p.Driver.Health(ctx)
}

func (p panicky) Terminate(ctx context.Context, ids []string) ([]broker.MachineResult, error) {
	r, err := p.Driver.Terminate(ctx, ids)
	p.bang()
	return r, err
}

func TestADriverThatPanicsHasFailedAndNothingIsMadeTwice(t *testing.T) {
	for name, late := range map[string]bool{"before the effect": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
				left := 1
				s.around["a"] = func(d providers.Driver) providers.Driver { return panicky{d, &left, late} }
				v, code := s.execute(create(2, `, "retry_count": 0`))
				s.equal(fault.Code(""), code)
				s.equal([]string{"a CONFIRMED 2/2 "}, attempts(v))
				s.truth(2)
			})
		})
	}
}

func TestADriverThatPanicsWhileReadingEndsTheReading(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		v, _ := s.execute(create(2, ""))
		left := 99
		s.around["a"] = func(d providers.Driver) providers.Driver { return panicky{d, &left, true} }
		status, code := s.execute(`{"operation_type": "GET_INSTANCE_STATUS", "parameters": {"operation_id": "` + v.ID + `"}}`)
		s.equal([]any{fault.ProviderFailed, broker.OpFailed}, []any{code, status.Status})
		health, code := s.execute(`{"operation_type": "HEALTH_CHECK"}`)
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, health.Status})

		left = 2
		ended, code := s.execute(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["` + strings.Join(machines(v), `", "`) + `"]}}`)
		s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, ended.Status})
		s.truth(0)
	})
}
