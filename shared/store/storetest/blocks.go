package storetest

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

var large = broker.BlockKey{Provider: "pool-a", Offering: "large#1/%"}

func testBlocks(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"what was never blocked is not, and nobody needs a permit for it", blockFresh},
		{"each finding in a row doubles the time, and one that is no news is refused", blockDeny},
		{"after its time one caller tries, until it has answered or should have", blockProbe},
		{"who got it clears it, and a call that began before does not", blockClear},
		{"a snapshot has those that stand", blockSnapshot},
		{"of many that try at once one does", blockRace},
		{"of many that find it out at once one is counted", blockDenyRace},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// denied is what a call finds that began at the time and ended a second later.
func denied(began time.Time, attempt string) broker.BlockWrite {
	return broker.BlockWrite{
		Kind: broker.BlockDeny, Now: began.Add(time.Second), Began: began, Attempt: attempt, Reason: "CAPACITY", Code: "full",
		Message: "no room", Wait: 15 * time.Second, Longest: 2 * time.Minute, Order: 1, Version: 1,
	}
}

func tries(now time.Time, attempt string) broker.BlockWrite {
	return broker.BlockWrite{Kind: broker.BlockProbe, Now: now, Attempt: attempt, Expires: now.Add(6 * time.Second)}
}

func (f *fixture) block(w broker.BlockWrite) broker.Block {
	f.Helper()
	return must[broker.Block](f)(f.ApplyBlock(f.Context(), large, w))
}

func (f *fixture) unblocked(w broker.BlockWrite, stored broker.Block) {
	f.Helper()
	_, err := f.ApplyBlock(f.Context(), large, w)
	f.conflict(err, stored)
}

func blockFresh(f *fixture) {
	none := broker.Block{Offering: large.Offering}
	f.same(none, f.block(tries(start, "x")))
	f.same(none, f.block(tries(start, "y")))
	f.unblocked(broker.BlockWrite{Kind: broker.BlockRelease, Attempt: "x"}, none)
	f.unblocked(broker.BlockWrite{Kind: broker.BlockClear, Attempt: "x", Began: start}, none)
	f.unblocked(broker.BlockWrite{Kind: "no such kind"}, none)
}

func blockDeny(f *fixture) {
	want := broker.Block{
		Offering: large.Offering, Until: at(16 * time.Second), Reason: "CAPACITY", Code: "full", Message: "no room",
		Since: start, Opens: 1, Order: 1, Version: 1,
	}
	f.same(want, f.block(denied(start, "x")))
	f.restart()
	f.unblocked(denied(at(15*time.Second), "y"), want)
	want.Since, want.Until, want.Opens = at(16*time.Second), at(16*time.Second+time.Second+30*time.Second), 2
	f.same(want, f.block(denied(at(16*time.Second), "y")))
	elsewhere := denied(at(17*time.Second), "z") // the provider was changed since
	elsewhere.Version = 2
	want.Since, want.Until, want.Opens, want.Version = at(17*time.Second), at(33*time.Second), 1, 2
	f.same(want, f.block(elsewhere))
}

func blockProbe(f *fixture) {
	held := f.block(denied(start, "x"))
	f.unblocked(tries(held.Until.Add(-1), "y"), held)
	held.Probe = &broker.Permit{Attempt: "y", Expires: held.Until.Add(6 * time.Second)}
	f.same(held, f.block(tries(held.Until, "y")))
	f.unblocked(tries(held.Until.Add(5*time.Second), "z"), held)
	f.restart()
	f.same(held, f.block(tries(held.Until.Add(5*time.Second), "y"))) // its own
	held.Probe = &broker.Permit{Attempt: "z", Expires: held.Until.Add(12 * time.Second)}
	f.same(held, f.block(tries(held.Until.Add(6*time.Second), "z"))) // the prober died
	f.unblocked(broker.BlockWrite{Kind: broker.BlockRelease, Attempt: "y"}, held)
	held.Probe = nil
	f.same(held, f.block(broker.BlockWrite{Kind: broker.BlockRelease, Attempt: "z"}))
	again := f.block(denied(held.Until, "z"))
	f.same([]any{2, held.Until.Add(31 * time.Second)}, []any{again.Opens, again.Until})
}

func blockClear(f *fixture) {
	held := f.block(denied(start, "x"))
	f.unblocked(broker.BlockWrite{Kind: broker.BlockClear, Now: at(2 * time.Second), Attempt: "y", Began: at(-1)}, held)
	none := broker.Block{Offering: large.Offering, Since: at(2 * time.Second)}
	f.same(none, f.block(broker.BlockWrite{Kind: broker.BlockClear, Now: at(2 * time.Second), Attempt: "y", Began: start}))
	f.same(none, f.block(tries(at(3*time.Second), "z")))
	f.same(1, f.block(denied(at(4*time.Second), "z")).Opens)
}

func blockSnapshot(f *fixture) {
	r := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	shown := func() (offerings []string) {
		for _, b := range f.view("pool-a").Blocks {
			offerings = append(offerings, b.Offering)
		}
		return offerings
	}
	f.same([]string(nil), shown())
	w := denied(start, "x")
	w.Order, w.Version = r.Order, r.Version
	held := f.block(w)
	f.same([]broker.Block{held}, f.view("pool-a").Blocks)
	misfit := w
	misfit.Reason, misfit.Wait, misfit.Longest = "OFFERING_CONFIG", 10*time.Minute, 10*time.Minute
	must[broker.Block](f)(f.ApplyBlock(f.Context(), broker.BlockKey{Provider: "pool-a", Offering: "web"}, misfit))
	must[broker.Block](f)(f.ApplyBlock(f.Context(), broker.BlockKey{Provider: "pool-b", Offering: "web"}, misfit))
	f.same([]string{"large#1/%", "web"}, shown())
	f.apply(mutate, broker.LiveWrite{Kind: broker.LiveEnd, Now: at(time.Second), Started: start, Returned: true})
	f.same([]string{"web"}, shown()) // machines came back
	r = must[broker.Registration](f)(f.PutProvider(f.Context(), r))
	f.same([]string(nil), shown())
	misfit.Version = r.Version
	must[broker.Block](f)(f.ApplyBlock(f.Context(), broker.BlockKey{Provider: "pool-a", Offering: "web"}, misfit))
	f.same([]string{"web"}, shown())
	f.clock.advance(10*time.Minute + time.Second + 30*time.Minute)
	f.same([]string(nil), shown()) // too old to go by
}

func blockRace(f *fixture) {
	held := f.block(denied(start, "x"))
	for i := range 3 {
		now := held.Until.Add(time.Duration(i) * 6 * time.Second)
		winner := f.oneWins(race(func(n int) error {
			_, err := f.ApplyBlock(f.Context(), large, tries(now, fmt.Sprintf("%d/%d", i, n)))
			return err
		}))
		_, err := f.ApplyBlock(f.Context(), large, tries(now, fmt.Sprintf("%d/%d", i, winner)))
		f.ok(err)
	}
}

func blockDenyRace(f *fixture) {
	f.oneWins(race(func(n int) error {
		_, err := f.ApplyBlock(f.Context(), large, denied(start, fmt.Sprint(n)))
		return err
	}))
}

func (d *duel) applyBlock(r *rapid.T) {
	key := broker.BlockKey{Provider: d.provider(r), Offering: pick(r, "offering", "s", "m")}
	now := d.clock.now()
	w := broker.BlockWrite{
		Kind: pick(r, "kind", broker.BlockDeny, broker.BlockDeny, broker.BlockProbe, broker.BlockRelease, broker.BlockClear),
		Now:  now, Began: d.moment(r, "began"), Attempt: pick(r, "attempt", "x", "y"), Expires: now.Add(time.Minute),
		Reason: pick(r, "reason", "CAPACITY", "OFFERING_CONFIG"), Code: "c", Message: "m",
		Wait: 40 * time.Minute, Longest: 2 * time.Hour,
		Order: int64(rapid.IntRange(1, 2).Draw(r, "order")), Version: int64(rapid.IntRange(1, 2).Draw(r, "version")),
	}
	d.both(func(s Store) (any, error) { return s.ApplyBlock(r.Context(), key, w) })
}
