package catalog_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
)

func TestACreateThatOneProviderFillsTakesSixWrites(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		v, code := s.execute(create(3, ""))
		s.equal(fault.Code(""), code)
		s.equal(broker.OpSucceeded, v.Status)
		s.equal([]string{"a CONFIRMED 3/3 "}, attempts(v))
		s.equal([]string{"claim", "live begin", "sent", "live end", "outcome CONFIRMED and close", "count"}, s.store.written())
		s.calls("a", sim.Create, 1)
		s.calls("b", sim.Create, 0)
		s.truth(3)
	})
}

func TestACreateThatTwoProvidersFillTakesThirteenWrites(t *testing.T) {
	inSite(t, map[string]int{"a": 2, "b": 5}, func(s *site) {
		v, code := s.execute(create(3, ""))
		s.equal(fault.Code(""), code)
		s.equal(broker.OpSucceeded, v.Status)
		s.equal([]string{"a CONFIRMED 2/3 CAPACITY", "b CONFIRMED 1/1 "}, attempts(v))
		s.equal([]string{
			"claim", "live begin", "sent", "block deny", "live end", "outcome CONFIRMED", "count",
			"step", "live begin", "sent", "live end", "outcome CONFIRMED and close", "count",
		}, s.store.written())
		s.truth(3)
	})
}

func TestAProviderThatIsDownIsTriedOnceMoreAndLeftAtOnce(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		began := time.Now()
		v, code := s.execute(create(3, ""))
		s.equal(fault.Code(""), code)
		s.equal([]string{"a NONE 0/3 DOWN", "b CONFIRMED 3/3 "}, attempts(v))
		s.equal(time.Duration(0), time.Since(began))
		s.calls("a", sim.Create, 2)
		s.truth(3)

		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.store.reset()
		v, _ = s.execute(create(2, `, "retry_count": 0`))
		s.equal([]string{"a NONE 0/2 DOWN", "b CONFIRMED 2/2 "}, attempts(v))
		s.calls("a", sim.Create, 3)
		s.equal([]string{
			"claim", "live begin", "sent", "live end", "outcome NONE", "count",
			"step", "live begin", "sent", "live end", "outcome CONFIRMED and close", "count",
		}, s.store.written())
	})
}

func TestALostReplyIsFoundByTheSameToken(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		v, code := s.execute(create(3, ""))
		s.equal(fault.Code(""), code)
		s.equal([]string{"a CONFIRMED 3/3 "}, attempts(v))
		s.calls("a", sim.Create, 2)
		s.calls("b", sim.Create, 0)
		s.truth(3)
	})
}

func TestAReplyThatIsLostInPartIsCompletedByTheSameToken(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Server, true), Effect: true, Most: 1})
		v, _ := s.execute(create(3, ""))
		s.equal([]string{"a CONFIRMED 3/3 "}, attempts(v))
		s.truth(3)
	})
}

func TestAnOutcomeThatStaysUnknownIsSaidSoAndFoundOutLater(t *testing.T) {
	for name, effect := range map[string]bool{"the machines exist": true, "they do not": false} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9, "b": 9}, func(s *site) {
				a := s.sims["a"]
				a.Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: effect})
				a.Always(sim.Create, sim.Step{Hang: true})
				a.Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
				began := time.Now()
				v, code := s.execute(create(3, ""))
				s.equal(fault.OutcomeUnknown, code)
				if took := time.Since(began); took > 27*time.Second {
					s.Errorf("the caller waited %s", took)
				}
				s.calls("b", sim.Create, 0)
				pass(2 * time.Minute)
				s.tick()
				s.equal(broker.OpUnknown, s.get(v.ID).Status)

				a.Reset()
				v = s.later(v.ID, 3)
				if effect {
					s.equal(broker.OpSucceeded, v.Status)
					s.truth(3)
					return
				}
				s.equal(broker.OpFailed, v.Status)
				s.equal(fault.ProviderFailed, v.Code)
				s.truth(0)
			})
		})
	}
}

func TestWantOfMachinesEverywhere(t *testing.T) {
	inSite(t, map[string]int{"a": 0, "b": 0}, func(s *site) {
		v, code := s.execute(create(1, ""))
		s.equal(fault.NoProviderAvailable, code)
		s.equal(broker.OpFailed, v.Status)
		s.equal([]string{"a NONE 0/1 CAPACITY", "b NONE 0/1 CAPACITY"}, attempts(v))
		s.truth(0)
	})
}

func TestOfTooFewMachinesAllAreKept(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 2}, func(s *site) {
		v, code := s.execute(create(5, ""))
		s.equal(fault.Code(""), code)
		s.equal(broker.OpPartial, v.Status)
		s.equal(3, len(machines(v)))
		s.truth(3)
	})
}

func TestAWrongRequestGoesNowhereElse(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Validation, true)})
		_, code := s.execute(create(1, ""))
		s.equal(fault.InvalidTemplate, code)
		s.calls("a", sim.Create, 1)
		s.calls("b", sim.Create, 0)
	})
}

func TestAnOverrideNeverFailsOver(t *testing.T) {
	inSite(t, map[string]int{"a": 1, "b": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Err: fails(fault.Down, false)})
		_, code := s.execute(create(1, `, "strategy_override": "a"`))
		s.equal(fault.ProviderFailed, code)
		v, _ := s.execute(create(2, `, "strategy_override": "a"`))
		s.equal(broker.OpPartial, v.Status)
		s.calls("b", sim.Create, 0)
	})
}

func TestAHangingProviderObeysTheDeadline(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.sims["a"].Always(sim.Create, sim.Step{Hang: true})
		began := time.Now()
		_, code := s.execute(create(1, `, "timeout_seconds": 8`))
		s.equal(fault.OutcomeUnknown, code)
		if took := time.Since(began); took > 9*time.Second {
			s.Errorf("8 s were allowed, and it took %s", took)
		}
	})
}

func TestAThrottledProviderIsNotCalledBeforeItsHint(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		hint := fails(fault.Throttle, true)
		hint.RetryAfter = 3 * time.Second
		s.sims["a"].Script(sim.Create, sim.Step{Err: hint})
		began := time.Now()
		v, _ := s.execute(create(1, ""))
		s.equal([]string{"a CONFIRMED 1/1 "}, attempts(v))
		s.equal(3*time.Second, time.Since(began))

		hint.RetryAfter = time.Minute
		s.sims["a"].Script(sim.Create, sim.Step{Err: hint})
		began = time.Now()
		v, _ = s.execute(create(1, ""))
		s.equal([]string{"a NONE 0/1 THROTTLE", "b CONFIRMED 1/1 "}, attempts(v))
		s.equal(time.Duration(0), time.Since(began))
	})
}

func TestWhatFillsIsWaitedForAndAFailedQuestionAboutItIsNoAnswer(t *testing.T) {
	inSite(t, map[string]int{"a": 5, "b": 5}, func(s *site) {
		s.sims["a"].Script(sim.Create, sim.Step{Pending: true})
		s.sims["a"].Script(sim.Poll, sim.Step{Err: fails(fault.Down, false)}, sim.Step{Pending: true}, sim.Step{Err: fails(fault.Server, true)})
		v, code := s.execute(create(3, ""))
		s.equal(fault.Code(""), code)
		s.equal([]string{"a CONFIRMED 3/3 "}, attempts(v))
		s.calls("a", sim.Poll, 4)
		s.calls("a", sim.Create, 1)
		s.calls("b", sim.Create, 0)
		s.truth(3)
	})
}

func TestRoundRobinSpreads(t *testing.T) {
	inSite(t, map[string]int{"a": 9, "b": 9, "c": 9}, func(s *site) {
		for range 6 {
			s.execute(create(1, `, "selection_policy": "ROUND_ROBIN"`))
		}
		for _, name := range []string{"a", "b", "c"} {
			s.calls(name, sim.Create, 2)
		}
		s.truth(6)
	})
}
