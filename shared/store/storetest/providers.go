package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func testMeta(t *testing.T, open Open) {
	t.Run("a broker is made with its store and stays the same", func(t *testing.T) {
		f := newFixture(t, open)
		first := must[broker.Meta](f)(f.Meta(f.Context()))
		if len(first.ID) != 36 || first.Schema < 1 {
			t.Errorf("the identity is not complete: %+v", first)
		}
		f.same(start, first.CreatedAt)
		f.clock.advance(time.Hour)
		f.restart()
		f.same(first, must[broker.Meta](f)(f.Meta(f.Context())))
	})
	t.Run("two stores are two brokers", func(t *testing.T) {
		a, b := newFixture(t, open), newFixture(t, open)
		if must[broker.Meta](a)(a.Meta(a.Context())).ID == must[broker.Meta](b)(b.Meta(b.Context())).ID {
			t.Error("both have one id")
		}
	})
}

func testProviders(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"an unknown one is not found", providerUnknown},
		{"a registration comes back as it was given, with version and order", providerRoundTrip},
		{"another version is a conflict with the stored one", providerConflict},
		{"order is given once and survives updates", providerOrder},
		{"a snapshot shows what selection reads, by name", providerSnapshot},
		{"a fresh snapshot has what was stored a moment ago", providerFresh},
		{"a new configuration keeps health and breakers", providerUpdateKeeps},
		{"deleting takes breakers, health and history along", providerDelete},
		{"deleting needs the version, and a missing one is no error", providerDeleteVersion},
		{"registrations survive a restart", providerRestart},
		{"names may be short, long and alike", providerNames},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func providerUnknown(f *fixture) {
	_, err := f.Provider(f.Context(), "nobody")
	f.refused(err, fault.NotFound)
	s := must[broker.Snapshot](f)(f.Snapshot(f.Context()))
	f.same(broker.Snapshot{TakenAt: start, Config: broker.DefaultConfig()}, s)
}

func providerRoundTrip(f *fixture) {
	given := registration("pool-a")
	want := registration("pool-a")
	want.Version, want.Order = 1, 1
	f.same(want, must[broker.Registration](f)(f.PutProvider(f.Context(), given)))
	f.same(want, must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
}

func providerConflict(f *fixture) {
	stored := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	for _, version := range []int64{0, 2, -1} {
		other := registration("pool-a")
		other.Version, other.Priority = version, 99
		_, err := f.PutProvider(f.Context(), other)
		f.conflict(err, stored)
	}
	f.same(stored, must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
	absent := registration("pool-b")
	absent.Version = 1
	_, err := f.PutProvider(f.Context(), absent)
	f.conflict(err, broker.Registration{})
}

func providerOrder(f *fixture) {
	first := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("z")))
	second := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("a")))
	if first.Order >= second.Order {
		f.Errorf("order %d, then %d", first.Order, second.Order)
	}
	update := registration("z")
	update.Version, update.Order = 1, 77 // a caller cannot choose it
	updated := must[broker.Registration](f)(f.PutProvider(f.Context(), update))
	if updated.Order != first.Order || updated.Version != 2 {
		f.Errorf("want order %d and version 2, got %d and %d", first.Order, updated.Order, updated.Version)
	}
	f.ok(f.DeleteProvider(f.Context(), "z", 2, broker.Actor{}))
	again := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("z")))
	if again.Order <= second.Order || again.Version != 1 {
		f.Errorf("registered again: order %d after %d, version %d", again.Order, second.Order, again.Version)
	}
}

func providerSnapshot(f *fixture) {
	for _, name := range []string{"c", "a", "b"} {
		must[broker.Registration](f)(f.PutProvider(f.Context(), registration(name)))
	}
	key := broker.LiveKey{Provider: "b", Class: broker.ClassRead}
	live := must[broker.Live](f)(f.ApplyLive(f.Context(), key, broker.LiveWrite{Kind: broker.LiveBegin, Now: start, Started: start}))
	f.clock.advance(time.Second)
	s := must[broker.Snapshot](f)(f.Snapshot(f.Context()))
	f.same(at(time.Second), s.TakenAt)
	var names []string
	for _, p := range s.Providers {
		names = append(names, p.Name)
	}
	f.same([]string{"a", "b", "c"}, names)
	r := registration("b")
	r.Version, r.Order = 1, 3
	want := r.View()
	want.Live = map[string]broker.Live{broker.ClassRead: live}
	f.same(want, s.Providers[1])
}

func providerFresh(f *fixture) {
	for i, name := range []string{"a", "b", "c"} {
		must[broker.Registration](f)(f.PutProvider(f.Context(), registration(name)))
		live := f.apply(broker.LiveKey{Provider: name, Class: broker.ClassMutate}, begin(start))
		s := must[broker.Snapshot](f)(f.FreshSnapshot(f.Context()))
		f.same(i+1, len(s.Providers))
		f.same(live, s.Providers[i].Live[broker.ClassMutate])
		f.same(false, s.Kept)
	}
	f.same(must[broker.Snapshot](f)(f.Snapshot(f.Context())), must[broker.Snapshot](f)(f.FreshSnapshot(f.Context())))
}

// view returns the summary of a provider in the snapshot.
func (f *fixture) view(name string) broker.ProviderView {
	f.Helper()
	for _, p := range must[broker.Snapshot](f)(f.Snapshot(f.Context())).Providers {
		if p.Name == name {
			return p
		}
	}
	f.Fatalf("%q is not in the snapshot", name)
	return broker.ProviderView{}
}

func providerUpdateKeeps(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	health := broker.Health{State: broker.Healthy, Message: "all well", CheckedAt: at(time.Second)}
	f.recordHealth("pool-a", health)
	must[bool](f)(f.ClaimCheck(f.Context(), "pool-a", time.Time{}, at(time.Minute), at(time.Hour)))
	key := broker.LiveKey{Provider: "pool-a", Class: broker.ClassMutate}
	live := must[broker.Live](f)(f.ApplyLive(f.Context(), key, broker.LiveWrite{Kind: broker.LiveBegin, Now: start, Started: start}))
	update := registration("pool-a")
	update.Version, update.Priority, update.Tags = 1, 9, nil
	must[broker.Registration](f)(f.PutProvider(f.Context(), update))
	got := f.view("pool-a")
	if got.Priority != 9 || got.Version != 2 || got.Tags != nil {
		f.Errorf("the new content is not there: %+v", got)
	}
	f.same(health, got.Health)
	f.same(at(time.Hour), got.NextCheckAt)
	f.same(at(time.Minute), got.CheckStartedAt)
	f.same(map[string]broker.Live{broker.ClassMutate: live}, got.Live)
}

func providerDelete(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	for i := range 100 { // more than one transaction takes
		h := broker.Health{State: broker.Unhealthy, Message: strings.Repeat("x", i+1), CheckedAt: at(time.Duration(i) * time.Second)}
		f.recordHealth("pool-a", h)
	}
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		w := broker.LiveWrite{Kind: broker.LiveTrip, Now: start, OpenUntil: at(time.Hour)}
		must[broker.Live](f)(f.ApplyLive(f.Context(), broker.LiveKey{Provider: "pool-a", Class: class}, w))
	}
	f.ok(f.DeleteProvider(f.Context(), "pool-a", 1, broker.Actor{}))
	_, err := f.Provider(f.Context(), "pool-a")
	f.refused(err, fault.NotFound)
	_, err = f.RecordHealth(f.Context(), "pool-a", broker.Health{CheckedAt: at(time.Hour)})
	f.refused(err, fault.NotFound)
	f.same(0, len(must[broker.Snapshot](f)(f.Snapshot(f.Context())).Providers))
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.same(0, len(must[[]broker.Health](f)(f.HealthHistory(f.Context(), "pool-a", time.Time{}, 1000))))
	got := f.view("pool-a")
	f.same(broker.Health{State: broker.Unknown, Message: "not checked yet"}, got.Health)
	f.same(0, len(got.Live))
}

func providerDeleteVersion(f *fixture) {
	f.ok(f.DeleteProvider(f.Context(), "nobody", 3, broker.Actor{}))
	stored := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.conflict(f.DeleteProvider(f.Context(), "pool-a", 2, broker.Actor{}), stored)
	f.same(stored, must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
}

func providerRestart(f *fixture) {
	stored := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	before := f.view("pool-a")
	f.restart()
	f.same(stored, must[broker.Registration](f)(f.Provider(f.Context(), "pool-a")))
	f.same(before, f.view("pool-a"))
	next := must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-b")))
	if next.Order <= stored.Order {
		f.Errorf("order %d after %d", next.Order, stored.Order)
	}
}

func providerNames(f *fixture) {
	names := []string{"0", "A", "a", "CFG", "a-b", "a_b", "a-", strings.Repeat("x", 64), strings.Repeat("x", 63)}
	for i, name := range names {
		r := registration(name)
		r.Priority = i
		must[broker.Registration](f)(f.PutProvider(f.Context(), r))
		w := broker.LiveWrite{Kind: broker.LiveTrip, OpenUntil: at(time.Duration(i) * time.Second)}
		must[broker.Live](f)(f.ApplyLive(f.Context(), broker.LiveKey{Provider: name, Class: broker.ClassMutate}, w))
	}
	for i, name := range names {
		f.same(i, must[broker.Registration](f)(f.Provider(f.Context(), name)).Priority)
		got := f.view(name)
		f.same(i, got.Priority)
		f.same(at(time.Duration(i)*time.Second), got.Live[broker.ClassMutate].OpenUntil)
	}
	f.same(len(names), len(must[broker.Snapshot](f)(f.Snapshot(f.Context())).Providers))
}
