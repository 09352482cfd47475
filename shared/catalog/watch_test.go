package catalog_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// shown is a provider that shows what the test says of its machines.
type shown struct {
	providers.Driver
	asked [][]string
	says  func(ids []string) ([]broker.Machine, error)
}

func (s *shown) Watch(_ context.Context, ids []string) ([]broker.Machine, error) {
	s.asked = append(s.asked, ids)
	return s.says(ids)
}

// fickle is a world whose providers may take machines back.
type fickle struct{ *world }

func (fickle) Traits(string) providers.Traits { return providers.Traits{TakesBack: true} }

// watched puts what the test says in front of provider a, and returns it with a
// look at all machines.
func (s *site) watched() (*shown, func()) {
	d := &shown{}
	s.around["a"] = func(p providers.Driver) providers.Driver {
		d.Driver = p
		return d
	}
	return d, s.looks()
}

func (s *site) looks() func() {
	w := dispatch.Watch{Service: s.dispatch, Registry: s.store, Turns: s.store, Every: 30 * time.Second}
	w.Drivers = fickle{s.world}
	return func() { w.Round(s.Context()) }
}

func state(id string, status broker.MachineStatus) broker.Machine {
	return broker.Machine{ID: id, Status: status, Message: "as seen"}
}

// records are machines as they are recorded: id, status, message.
func (s *site) records() (all []string) {
	s.Helper()
	found, err := s.stored.Machines(s.Context(), []string{"a-1", "a-2", "a-3"})
	if err != nil {
		s.Fatal(err)
	}
	for _, m := range found {
		all = append(all, strings.TrimSpace(m.ID+" "+string(m.Status)+" "+m.Message))
	}
	slices.Sort(all)
	return all
}

// losses is how many events tell of a lost machine.
func (s *site) losses() (n int) {
	s.Helper()
	for _, e := range checkEvents(s.T, s.stored) {
		if e.Type == broker.EventMachineLost {
			n++
		}
	}
	return n
}

func TestALookNotesWhatStopsEndsOrIsAboutToBeTaken(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		a, look := s.watched()
		s.execute(create(3, ""))
		pass(time.Minute)
		leaves := time.Now().Add(90 * time.Second)
		a.says = func(ids []string) ([]broker.Machine, error) {
			taken := state("a-1", broker.MachineStopping)
			taken.ReclaimAt = leaves
			return []broker.Machine{taken, state("a-2", broker.MachineTerminated), state("a-3", broker.MachineRunning), state("a-4", broker.MachineLost)}, nil
		}
		s.store.reset()
		look()
		s.equal([][]string{{"a-1", "a-2", "a-3"}}, a.asked)
		s.equal([]string{"a-1 STOPPING as seen", "a-2 LOST as seen", "a-3 RUNNING"}, s.records())
		s.equal([]string{"host-a-1 a-1 90", "host-a-2 a-2 0"}, s.reclaims(`{}`))
		pass(30 * time.Second)
		s.store.reset()
		look()
		s.equal([]string{"a-1", "a-3"}, a.asked[1])
		s.equal(0, len(s.store.written())) // nothing is noted twice
		s.equal([]string{"host-a-1 a-1 60", "host-a-2 a-2 0"}, s.reclaims(`{}`))
		s.equal(1, s.losses())
	})
}

func TestALookThatFailsOrShowsNothingChangesNothing(t *testing.T) {
	for name, says := range map[string]func([]string) ([]broker.Machine, error){
		"it fails":    func([]string) ([]broker.Machine, error) { return nil, fails(fault.Down, false) },
		"it is empty": func([]string) ([]broker.Machine, error) { return nil, nil },
		"it panics":   func([]string) ([]broker.Machine, error) { panic("a driver's mistake") },
		"it is strange": func([]string) ([]broker.Machine, error) {
			return []broker.Machine{state("z-1", broker.MachineLost)}, nil
		},
		"it comes up": func([]string) ([]broker.Machine, error) {
			return []broker.Machine{state("a-1", broker.MachineRunning)}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			inSite(t, map[string]int{"a": 9}, func(s *site) {
				a, look := s.watched()
				s.execute(create(2, ""))
				before := s.records()
				a.says = says
				look()
				s.equal(1, len(a.asked))
				s.equal(before, s.records())
			})
		})
	}
}

func TestAMachineThatThisBrokerEndsIsNotLost(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		a, look := s.watched()
		s.execute(create(1, ""))
		pass(time.Minute)
		a.says = func([]string) ([]broker.Machine, error) {
			done := s.inBackground(`{"operation_type": "TERMINATE_INSTANCES", "parameters": {"machine_ids": ["a-1"]}}`)
			<-done // between the look and the note
			return []broker.Machine{state("a-1", broker.MachineTerminated)}, nil
		}
		look()
		s.equal([]string{"a-1 TERMINATED"}, s.records())
		s.equal(0, s.losses())
	})
}

func TestNobodyLooksWhereThereIsNothingOrNoCallIsWanted(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		a, look := s.watched()
		a.says = func([]string) ([]broker.Machine, error) { return nil, nil }
		s.store.reset()
		look()
		s.equal([]any{0, 0}, []any{len(a.asked), len(s.store.written())})
		s.execute(create(1, ""))
		s.ok(s.call("updateProviderHealth", `{"provider_name": "a", "health_status": {"is_healthy": false}, "source": "ada"}`))
		look()
		s.equal(0, len(a.asked))
	})
}

// Two daemons on one store look in turns: together as often as one alone, and
// when one is gone the other goes on.
func TestOfSeveralBrokersOneLooks(t *testing.T) {
	inSite(t, map[string]int{"a": 9}, func(s *site) {
		a, look := s.watched()
		a.says = func([]string) ([]broker.Machine, error) { return nil, nil }
		other := s.open(s.T).looks()
		s.execute(create(1, ""))
		for range 10 {
			look()
			pass(10 * time.Second)
			other()
			pass(20 * time.Second)
		}
		s.equal(10, len(a.asked))
		for range 5 {
			other()
			pass(30 * time.Second)
		}
		s.equal(15, len(a.asked))
	})
}
