package catalog_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

// here fails a call for a reason of the environment that makes it.
func here(class fault.Class) sim.Step {
	err := fails(class, false)
	err.Local = true
	return sim.Step{Err: err}
}

func TestNamesThatOneEnvironmentCannotResolveShutNobodyElseOut(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		for range 20 {
			s.sims["a"].Script(sim.Create, here(fault.Down))
			s.execute(only("a"))
		}
		state, _ := s.breaker("a")
		s.equal(broker.Closed, state)
		other := s.open(s.T) // where names resolve
		v, _ := other.execute(only("a"))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		s.equal(0, len(s.live("a", broker.ClassMutate).Locals))
	})
}

func TestNamesThatTwoEnvironmentsCannotResolveOpenTheBreaker(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		other := s.open(s.T)
		s.sims["a"].Always(sim.Create, here(fault.Down))
		s.execute(only("a"))
		for range 5 {
			state, _ := s.breaker("a")
			s.equal(broker.Closed, state)
			other.execute(only("a"))
		}
		s.opened("a", "failures in a row: 5, the last DOWN", 60*time.Second)
	})
}

func TestCredentialsThatCannotBeLoadedShutOutOnceTwoEnvironmentsLackThem(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		other := s.open(s.T)
		s.sims["a"].Always(sim.Create, here(fault.Auth))
		for range 3 {
			s.execute(only("a"))
		}
		state, _ := s.breaker("a")
		s.equal(broker.Closed, state)
		other.execute(only("a"))
		s.opened("a", "auth", 5*time.Minute)
	})
}

func TestScheduledChecksThatFailForALocalReasonOpenTheBreakerAllTheSame(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		s.round()
		for range 3 {
			s.sims["a"].Script(sim.Health, here(fault.Down))
			pass(301 * time.Second)
			s.round()
		}
		state, _ := s.breaker("a")
		s.equal(broker.Open, state)
	})
}

// TestTheGoodPathWritesNoMoreForEvidence holds the writes of a create to what
// they were, and those of a failure that arose here to one more, once.
func TestTheGoodPathWritesNoMoreForEvidence(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		count := func(kind string) (n int) {
			for _, w := range s.store.written() {
				if w == kind {
					n++
				}
			}
			return n
		}
		s.execute(only("a"))
		s.equal([]int{1, 1, 0, 0}, []int{count("live begin"), count("live end"), count("live local"), count("live reset")})
		for range 4 {
			s.sims["a"].Script(sim.Create, here(fault.Down))
			s.execute(only("a"))
		}
		s.equal([]int{5, 5, 1, 0}, []int{count("live begin"), count("live end"), count("live local"), count("live reset")})
	})
}

func TestCallsThatDoNotEndOpenTheBreakerBeforeTheirTimeIsOver(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		for range 20 { // how long calls take is learned
			s.sims["a"].Script(sim.Create, sim.Step{Latency: 200 * time.Millisecond})
			s.execute(only("a"))
		}
		hang := func(n int) {
			for range n {
				s.sims["a"].Script(sim.Create, sim.Step{Hang: true})
				s.ok(s.call("executeProviderOperation", only("a"), async))
			}
		}
		hang(5)
		pass(3900 * time.Millisecond)
		v, _ := s.execute(only("a")) // none is slow yet
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		pass(200 * time.Millisecond)
		v, _ = s.execute(only("a"))
		s.equal([]string{"a NONE 0/1 REFUSED"}, attempts(v))
		s.opened("a", "calls that do not end: 5, longer than 4s", 60*time.Second)
		s.equal(int64(5), func() int64 { l := s.live("a", broker.ClassMutate); return l.Calls(time.Now()) }())

		pass(61 * time.Second) // they have ended at their time-outs: late, and counted nowhere
		v, _ = s.execute(only("a"))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		hang(4) // fewer say nothing
		pass(10 * time.Second)
		v, _ = s.execute(only("a"))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
	})
}

func TestCallsWhoseCallerDiedOpenNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 50}, func(s *site) {
		dead := s.open(s.T)
		for range 20 {
			s.execute(only("a"))
			dead.execute(only("a"))
		}
		for range 9 { // what a process leaves that is killed: beginnings without an end
			w := broker.LiveWrite{Kind: broker.LiveBegin, Now: time.Now(), Started: time.Now()}
			if _, err := s.stored.ApplyLive(s.Context(), broker.LiveKey{Provider: "a", Class: broker.ClassMutate}, w); err != nil {
				s.Fatal(err)
			}
		}
		for range 5 {
			pass(47 * time.Second)
			s.round()
			v, _ := s.execute(only("a"))
			s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		}
	})
}
