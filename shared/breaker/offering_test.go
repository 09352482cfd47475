package breaker_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func TestOnlyWantOfMachinesAndWhatIsMissingThereBlocks(t *testing.T) {
	for class, want := range map[fault.Class][2]bool{
		fault.Capacity: {true, false}, fault.Quota: {true, false}, fault.OfferingConfig: {true, true},
	} {
		if blocks, template := breaker.Blocks(class); [2]bool{blocks, template} != want {
			t.Errorf("%s: %v, %v", class, blocks, template)
		}
	}
	for _, class := range append(fault.Classes(), fault.None) {
		blocks, template := breaker.Blocks(class)
		if class.Rule().Breaker != fault.BreakerIgnores && (blocks || template) {
			t.Errorf("%s is of the breaker, and blocks", class)
		}
	}
	if blocks, _ := breaker.Blocks(fault.Validation); blocks {
		t.Error("a wrong request blocks an offering")
	}
}

func TestFindingsInARowWaitTwiceAsLongEach(t *testing.T) {
	for class, want := range map[fault.Class][]time.Duration{
		fault.Capacity:       {15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 2 * time.Minute},
		fault.Quota:          {5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute},
		fault.OfferingConfig: {10 * time.Minute, 10 * time.Minute, 10 * time.Minute},
	} {
		var b broker.Block
		now := noon
		for i, wait := range want {
			var held bool
			b, held = breaker.Denied(breaker.Try{Attempt: "x", Began: now}, class, now).Apply(b)
			if got := b.Until.Sub(now); !held || got != wait {
				t.Errorf("%s, finding %d: %v for %v", class, i+1, held, got)
			}
			now = b.Until
		}
	}
}

// seekers are callers of one offering, whose writes interleave as a store with
// conditional writes allows. Some die with the permit.
type seekers struct {
	now   time.Time
	block broker.Block
	trial map[string]breaker.Try // those that were let in and have not ended
	lease map[string]time.Time   // of those with a permit: its end
	names int
}

// enter lets a caller in, if it may: as a worker does that has read that the
// offering was blocked.
func (s *seekers) enter(t *rapid.T) bool {
	s.names++
	name := fmt.Sprint(s.names)
	before := s.block
	after, held := breaker.Trying(breaker.Caller{Attempt: name, Now: s.now, Lease: lease}).Apply(s.block)
	s.block = after
	if before.Until.IsZero() {
		if !held || after.Probe != before.Probe {
			t.Fatal("what is not blocked needs a permit")
		}
		return true
	}
	if !held {
		return false
	}
	if s.now.Before(before.Until) {
		t.Fatal("a try while it is blocked")
	}
	for other, until := range s.lease {
		if s.trial[other] != (breaker.Try{}) && s.now.Before(until) {
			t.Fatalf("%s and %s try at once", other, name)
		}
	}
	s.trial[name], s.lease[name] = breaker.Try{Attempt: name, Began: s.now, Order: 1, Version: 1}, s.now.Add(lease)
	return true
}

func (s *seekers) end(t *rapid.T, name string) {
	try := s.trial[name]
	class := rapid.SampledFrom([]fault.Class{fault.Capacity, fault.Quota, fault.None, fault.Down}).Draw(t, "class")
	w := breaker.Untold(try, s.now)
	switch blocks, _ := breaker.Blocks(class); {
	case blocks:
		w = breaker.Denied(try, class, s.now)
	case class == fault.None:
		w = breaker.Given(try, s.now)
	}
	s.block, _ = w.Apply(s.block)
	delete(s.trial, name)
}

// Whatever callers do, and however many die: one tries at a time, and somebody
// may within the longest wait and one lease.
func TestADeadProberOfAnOfferingBlocksNobodyPastItsLease(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &seekers{now: noon, trial: map[string]breaker.Try{}, lease: map[string]time.Time{}}
		t.Repeat(map[string]func(*rapid.T){
			"time passes": func(t *rapid.T) {
				s.now = s.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second)
			},
			"a caller comes": func(t *rapid.T) { s.enter(t) },
			"somebody who did not ask finds it out": func(t *rapid.T) {
				try := breaker.Try{Attempt: "stranger", Began: s.now.Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "ago")) * time.Second), Order: 1, Version: 1}
				s.block, _ = breaker.Denied(try, fault.Capacity, s.now).Apply(s.block)
			},
			"a try ends": func(t *rapid.T) {
				if names := slices.Sorted(maps.Keys(s.trial)); len(names) > 0 {
					s.end(t, rapid.SampledFrom(names).Draw(t, "name"))
				}
			},
			"": func(t *rapid.T) {
				if wait := s.block.FreeFrom().Sub(s.now); wait > 30*time.Minute+lease {
					t.Fatalf("blocked for %v", wait)
				}
				then := *s
				then.trial, then.lease = map[string]breaker.Try{}, map[string]time.Time{} // all of them are dead
				if then.now.Before(then.block.FreeFrom()) {
					then.now = then.block.FreeFrom()
				}
				if !then.enter(t) {
					t.Fatal("nobody may try")
				}
			},
		})
	})
}

func TestALateFindingIsNoNews(t *testing.T) {
	b, _ := breaker.Denied(breaker.Try{Attempt: "x", Began: noon}, fault.Capacity, at(1)).Apply(broker.Block{})
	for name, began := range map[string]time.Time{"began before it": at(-9), "began with it": noon, "began while it was blocked": at(15)} {
		if _, held := breaker.Denied(breaker.Try{Attempt: "y", Began: began}, fault.Capacity, at(16)).Apply(b); held {
			t.Errorf("a call that %s counts", name)
		}
	}
}

func TestNoCallIsAdmittedBeforeTheTimeThatWasAskedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		row := broker.Live{
			State:     rapid.SampledFrom([]broker.BreakerState{"", broker.Closed, broker.Open, broker.HalfOpen, broker.ForcedOpen, broker.Disabled}).Draw(t, "state"),
			OpenUntil: at(rapid.IntRange(-60, 60).Draw(t, "open")), NotBefore: at(rapid.IntRange(-60, 60).Draw(t, "not before")),
		}
		cfg := config()
		cfg.Enabled = rapid.Bool().Draw(t, "enabled")
		now := at(rapid.IntRange(-90, 90).Draw(t, "now"))
		w, ok := breaker.Admit(row, cfg, breaker.Caller{Attempt: "x", Now: now, Lease: lease, Try: broker.FirstTry})
		if ok && now.Before(row.NotBefore) {
			t.Fatal("admitted too early")
		}
		without := row
		without.NotBefore = time.Time{}
		if _, admitted := breaker.Admit(without, cfg, breaker.Caller{Attempt: "x", Now: now, Lease: lease}); admitted && !ok && !now.Before(row.NotBefore) {
			t.Fatal("shut out after its time")
		}
		if ok {
			if _, held := w.Apply(row); !held {
				t.Fatal("the row refuses what it admits")
			}
		}
		begin := broker.LiveWrite{Kind: broker.LiveBegin, Now: now, Started: now, Always: true}
		if _, held := begin.Apply(row); held == now.Before(row.NotBefore) {
			t.Fatal("the row does not hold the time")
		}
	})
}
