package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func TestRetriesAreAFifthOfTheCallsAndThenTheNextProviderIsAsked(t *testing.T) {
	inMemory(t, map[string]int{"a": 0, "b": 999}, func(s *site) {
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Throttle, true)}) // says nothing about its health
		other := s.open(s.T)
		refused := 0
		for i := range 100 {
			from := []*site{s, other}[i%2] // the budget is shared
			v, code := from.execute(create(1, ""))
			s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
			if strings.Contains(v.Attempts[0].Message, "too many calls of a are retries already") {
				refused++
			}
		}
		// On credit 12 operations may retry, since each pays for a fifth of one;
		// of the others every fifth.
		retries := s.sims["a"].Calls(sim.Create) - 100
		if retries < 12+(100-12)/5 || retries > 10+100/5 {
			t.Errorf("%d retries of 100", retries)
		}
		s.equal(100-retries, refused)
		s.truth(100)
	})
}

func TestWhatMustBeFoundOutOrEndedIsNotCharged(t *testing.T) {
	inMemory(t, map[string]int{"a": 99}, func(s *site) {
		for range 40 { // each is repeated under its token
			s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
			s.clearBreaker("a", broker.ClassMutate)
			v, code := s.execute(create(1, ""))
			s.equal([]any{fault.Code(""), broker.OpSucceeded}, []any{code, v.Status})
		}
		s.equal(int64(0), s.live("a", broker.ClassMutate).RetryDebt)
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Throttle, true)})
		v, _ := s.execute(end(s.sims["a"].Exist()...))
		pass(5 * time.Minute)
		s.tick()
		if n := s.sims["a"].Calls(sim.Terminate); n < 12 {
			t.Errorf("%d calls in five minutes", n)
		}
		s.sims["a"].Reset()
		s.equal(broker.OpSucceeded, s.later(v.ID, 5).Status)
		s.truth(0)
	})
}
