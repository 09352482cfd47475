package catalog_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/sim"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// sweep searches provider a now and returns what it told of it.
func (s *site) sweep() query.SweepView {
	s.Helper()
	if _, err := s.steps.Invoke(s.Context(), "sweep-static", json.RawMessage(`{"provider_name": "a"}`)); err != nil {
		s.Fatal(err)
	}
	return s.swept()
}

func (s *site) swept() query.SweepView {
	s.Helper()
	return decode[query.SweeperReport](s, s.ok(s.call("getSweeperReport", `{"provider_name": "a"}`)).Body).Providers["a"]
}

// orphans makes machines at provider a with this broker's tag, for an operation
// that was never claimed.
func (s *site) orphans(operation string, n int) (ids []string) {
	s.Helper()
	meta, err := s.stored.Meta(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	r, err := s.sims["a"].Create(s.Context(), broker.CreateSpec{BrokerID: meta.ID, OperationID: operation, Attempt: 1, Token: operation, Count: n})
	if err != nil {
		s.Fatal(err)
	}
	for _, m := range r.Machines {
		ids = append(ids, m.ID)
	}
	return ids
}

func (s *site) acting() { s.configure(`{"sweeper_config": {"mode": "act"}}`) }

// fates tells what was found: machine, fate, done.
func fates(v query.SweepView) (told []string) {
	for _, f := range v.Found {
		told = append(told, fmt.Sprintf("%s %s %t", f.MachineID, f.Fate, f.Done))
	}
	return told
}

func TestTheSweeperTellsWhatItFindsAndTouchesNothingUntilItMay(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		v, _ := s.execute(create(2, ""))
		stray := s.orphans("nobody's", 1)
		pass(31 * time.Minute)
		got := s.sweep()
		s.equal([]string{stray[0] + " TERMINATE false"}, fates(got))
		s.equal([]int{3, 2, 0, 0, 0}, []int{got.Listed, got.Recorded, got.Terminated, got.Adopted, got.Lost})
		s.equal("report", got.Mode)
		s.equal("its operation is not known", got.Found[0].Reason)
		s.calls("a", sim.Terminate, 0)
		s.acting()
		s.configure(`{"mode": "frozen"}`)
		s.equal([]string{stray[0] + " TERMINATE false"}, fates(s.sweep()))
		s.configure(`{"mode": "open"}`)
		s.equal([]string{stray[0] + " TERMINATE true"}, fates(s.sweep()))
		s.equal(machines(v), s.sims["a"].Exist())
		s.equal([]string(nil), fates(s.sweep()))
		m, err := s.stored.Machines(s.Context(), stray)
		if err != nil || len(m) != 1 || m[0].Status != broker.MachineTerminated || m[0].Message != "terminated by the sweeper: its operation is not known" {
			s.Errorf("the record: %+v, %v", m, err)
		}
		s.truth(2)
	})
}

func TestTheSweeperTouchesNoMachineInItsFirstHalfHour(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.acting()
		stray := s.orphans("nobody's", 1)
		pass(30*time.Minute - time.Second)
		s.equal([]string{stray[0] + " LEFT false"}, fates(s.sweep()))
		pass(time.Second)
		s.equal([]string{stray[0] + " TERMINATE true"}, fates(s.sweep()))
	})
}

func TestOneSearchEndsFewMachines(t *testing.T) {
	for _, c := range []struct{ recorded, strays, want int }{{0, 7, 5}, {90, 10, 5}, {200, 40, 12}} {
		t.Run(fmt.Sprintf("%d of %d", c.strays, c.recorded+c.strays), func(t *testing.T) {
			inMemory(t, map[string]int{"a": 1000}, func(s *site) {
				s.acting()
				for n := c.recorded; n > 0; n -= 50 {
					s.execute(create(min(n, 50), ""))
				}
				s.orphans("nobody's", c.strays)
				pass(31 * time.Minute)
				got := s.sweep()
				s.equal([]int{c.want, c.strays - c.want}, []int{got.Terminated, got.Beyond})
				for left := c.strays - got.Terminated; left > 0; left -= s.sweep().Terminated {
				}
				s.truth(c.recorded)
			})
		})
	}
}

func TestTheSweeperLeavesTheMachinesOfOperationsThatAreOpen(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		s.acting()
		s.sims["a"].Always(sim.Poll, sim.Step{Pending: true, Err: fails(fault.Down, false)})
		s.sims["a"].Script(sim.Create, sim.Step{Err: fails(fault.Timeout, true), Effect: true})
		s.sims["a"].Always(sim.Create, sim.Step{Err: fails(fault.Down, false)})
		s.sims["a"].Always(sim.Find, sim.Step{Err: fails(fault.Down, false)})
		v, _ := s.execute(create(2, ""))
		s.equal(broker.OpUnknown, v.Status)
		for range 12 {
			pass(10 * time.Minute)
			for _, f := range s.sweep().Found {
				s.equal(broker.StrayLeft, f.Fate)
			}
		}
		s.equal(broker.OpUnknown, s.get(v.ID).Status)
		pass(11 * time.Minute) // twice the longest operation, from when it was sent
		s.equal([]string{"a-1 ADOPT true", "a-2 ADOPT true"}, fates(s.sweep()))
		s.tick()
		got := s.get(v.ID)
		s.equal(broker.OpSucceeded, got.Status)
		s.equal([]string{"a-1", "a-2"}, machines(got))
		s.calls("a", sim.Terminate, 0)
		s.truth(2)
	})
}

func TestAfterARestoreTheSweeperRecordsAndTerminatesNothing(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		s.acting()
		s.configure(`{"mode": "recover"}`)
		stray := s.orphans("made since the copy", 7)
		pass(31 * time.Minute)
		got := s.sweep()
		s.equal([]int{5, 0, 2}, []int{got.Adopted, got.Terminated, got.Beyond})
		s.equal("adopt", got.Mode)
		s.equal(2, s.sweep().Adopted)
		s.truth(7)
		s.configure(`{"mode": "open"}`)
		s.equal(0, s.sweep().Terminated)
		s.truth(7)
		_, code := s.execute(end(stray...))
		s.equal(fault.Code(""), code)
		s.truth(0)
	})
}

func TestARecordedMachineThatIsGoneIsLost(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		v, _ := s.execute(create(8, ""))
		ids := machines(v)
		s.sims["a"].Vanish(ids[0])
		pass(29 * time.Minute)
		s.equal(0, s.sweep().Lost)
		pass(2 * time.Minute)
		got := s.sweep()
		s.equal([]string{ids[0] + " LOST true"}, fates(got))
		m, err := s.stored.Machines(s.Context(), ids[:1])
		if err != nil || m[0].Status != broker.MachineLost || m[0].Message != "the provider took it" {
			s.Errorf("the record: %+v, %v", m, err)
		}
		for _, id := range ids[1:] {
			s.sims["a"].Vanish(id)
		}
		got = s.sweep()
		s.equal([]int{5, 2}, []int{got.Lost, got.Beyond})
		s.equal(2, s.sweep().Lost)
		s.truth(0)
	})
}

// A scheduler that did not ask in the two minutes of the warning learns of it
// all the same.
func TestAMachineThatItsProviderTookAsItWarnedIsLost(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		v, _ := s.execute(create(2, ""))
		ids := machines(v)
		now := time.Now()
		for id, n := range map[string]broker.MachineNote{
			ids[0]: {Status: broker.MachineStopping, At: now, ReclaimAt: now.Add(2 * time.Minute)},
			ids[1]: {Status: broker.MachineStopping, At: now},
		} {
			if _, err := s.stored.NoteMachine(s.Context(), id, n); err != nil {
				s.Fatal(err)
			}
			s.sims["a"].Vanish(id)
		}
		pass(31 * time.Minute)
		s.sweep()
		m, err := s.stored.Machines(s.Context(), ids)
		if err != nil || len(m) != 2 {
			s.Fatal(m, err)
		}
		s.equal([]broker.MachineStatus{broker.MachineLost, broker.MachineTerminated}, []broker.MachineStatus{m[0].Status, m[1].Status})
		s.equal([]string{"host-" + ids[0] + " " + ids[0] + " 0"}, s.reclaims(`{}`))
	})
}

func TestAMachineThatIsBeingTerminatedIsNotLost(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		v, _ := s.execute(create(1, ""))
		pass(31 * time.Minute)
		s.sims["a"].Script(sim.Terminate, sim.Step{Effect: true, Err: fails(fault.Timeout, true)})
		s.sims["a"].Always(sim.Terminate, sim.Step{Err: fails(fault.Down, false)})
		ended, _ := s.execute(end(machines(v)...), async)
		s.equal(0, s.sweep().Lost)
		s.sims["a"].Reset()
		s.later(ended.ID, 20)
		m, err := s.stored.Machines(s.Context(), machines(v))
		if err != nil || m[0].Status != broker.MachineTerminated {
			s.Errorf("the record: %+v, %v", m, err)
		}
	})
}

func TestTwoBrokersInOneAccountNeverTouchEachOthersMachines(t *testing.T) {
	inSite(t, map[string]int{"a": 99}, func(s *site) {
		theirs := newWorld(s.T, storetest.NewMemory(time.Now), nil)
		theirs.sims = s.sims
		theirs.ids.Store(1000)
		other := theirs.open(s.T)
		other.ok(other.call("registerProviderStrategy", registration("a")))
		other.ok(other.call("registerTemplate", `{"template_id": "t", "attributes": {"ncpus": 1}}`))
		s.acting()
		other.acting()
		s.execute(create(2, ""))
		other.execute(create(3, ""))
		other.orphans("theirs", 1)
		pass(31 * time.Minute)
		got := s.sweep()
		s.equal([]int{2, 2, 0, 0}, []int{got.Listed, got.Recorded, got.Terminated, got.Lost})
		s.equal(6, len(s.sims["a"].Exist()))
		got = other.sweep()
		s.equal([]int{4, 3, 1, 0}, []int{got.Listed, got.Recorded, got.Terminated, got.Lost})
		s.equal(5, len(s.sims["a"].Exist()))
		s.configure(`{"mode": "recover"}`)
		s.equal(0, s.sweep().Adopted)
	})
}

// TestASearchThatDiesAnywhereIsGoneOnWithByTheNext kills a search at each
// boundary of the store, and at the provider, and holds what is true after the
// next ones.
func TestASearchThatDiesAnywhereIsGoneOnWithByTheNext(t *testing.T) {
	search := func(s *site) {
		_, err := s.steps.Invoke(s.Context(), "sweep-static", json.RawMessage(`{"provider_name": "a"}`))
		_ = err // it died, or not
	}
	at := func(mode string, test func(*site, []string)) {
		inMemory(t, map[string]int{"a": 99}, func(s *site) {
			s.configure(mode)
			v, _ := s.execute(create(3, ""))
			s.sims["a"].Vanish(machines(v)[0])
			s.orphans("nobody's", 3)
			pass(31 * time.Minute)
			test(s, machines(v)[1:])
		})
	}
	for mode, want := range map[string]int{`{"sweeper_config": {"mode": "act"}}`: 2, `{"mode": "recover"}`: 5} {
		steps := 0
		at(mode, func(s *site, _ []string) {
			gate, count := boundaries(-1, nil)
			s.store.setGate(gate)
			search(s)
			steps = count()
		})
		if steps < 6 {
			t.Fatalf("%s: %d boundaries", mode, steps)
		}
		for n := 1; n <= steps; n++ {
			at(mode, func(s *site, stay []string) {
				gate, _ := boundaries(n, func() error { return errDead })
				s.store.setGate(gate)
				search(s)
				s.store.setGate(nil)
				s.sweep()
				s.equal([]string(nil), fates(s.sweep()))
				s.truth(want)
				for _, id := range stay {
					if !slices.Contains(s.sims["a"].Exist(), id) {
						s.Errorf("boundary %d of %s: %s is gone", n, mode, id)
					}
				}
			})
		}
	}
	at(`{"sweeper_config": {"mode": "act"}}`, func(s *site, _ []string) {
		s.sims["a"].Script(sim.Terminate, sim.Step{Effect: true, Err: fails(fault.Timeout, true)})
		s.equal("as the test wants", s.sweep().Error)
		s.sweep()
		s.truth(2)
		s.sims["a"].Script(sim.List, sim.Step{Err: fails(fault.Auth, true)})
		s.equal("as the test wants", s.sweep().Error)
		s.truth(2)
	})
}

func TestASearchIsDueOnceInAnIntervalAndNotWhileCallsAreHeldBack(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		due := func() (n int) {
			s.Helper()
			out, err := s.steps.Invoke(s.Context(), "due", json.RawMessage(`{}`))
			if err != nil {
				s.Fatal(err)
			}
			for _, p := range decode[command.DueProviders](s, out).Providers {
				if p.Function == "sweep-static" {
					n++
				}
			}
			synctest.Wait()
			return n
		}
		s.equal(0, due()) // it is new: there is nothing yet
		pass(59 * time.Minute)
		s.equal(0, due())
		pass(time.Minute)
		s.equal(1, due())
		s.equal(0, due())
		s.configure(`{"sweeper_config": {"interval": 300}}`)
		s.equal(1, due())
		s.equal(0, due())
		s.configure(`{"mode": "recover"}`)
		s.equal(1, due())
		pass(time.Minute)
		s.ok(s.call("updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": false}, "source": "ada"}`))
		s.equal(0, due())
		s.ok(s.call("updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": true}, "source": "ada"}`))
		s.equal(1, due())
	})
}
