package quota_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/quota"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// site is a store with the little that limits read, and operations that go
// through their lives in it. Before each write it lets others go on.
type site struct {
	now    time.Time
	use    broker.Use
	owned  []broker.Owned
	ops    map[string]*broker.Ledger
	others func() // between a count and the write that relies on it
	made   int
}

func newSite() *site { return &site{now: noon, ops: map[string]*broker.Ledger{}, others: func() {}} }

func (s *site) book() quota.Book {
	return quota.Book{Uses: s, Owned: s, Ledger: s, Now: func() time.Time { return s.now }}
}

func (s *site) Use(context.Context, string) (broker.Use, error) {
	u := broker.Use{Holds: map[string]broker.Hold{}, Ends: s.use.Ends}
	for k, h := range s.use.Holds {
		u.Holds[k] = h
	}
	return u, nil
}

func (s *site) ApplyUse(ctx context.Context, scope string, w broker.UseWrite) (broker.Use, error) {
	if others := s.others; w.Kind == broker.UseReserve {
		s.others = func() {}
		others()
		s.others = others
	}
	after, held := w.Apply(s.use)
	if !held {
		return broker.Use{}, &broker.Conflict{What: "the use", Current: s.use}
	}
	s.use = after
	return s.Use(ctx, scope)
}

func (s *site) Owned(context.Context, string) ([]broker.Owned, error) {
	return append([]broker.Owned{}, s.owned...), nil
}

func (s *site) Ledger(_ context.Context, id string) (broker.Ledger, error) {
	if l, ok := s.ops[id]; ok {
		return *l, nil
	}
	return broker.Ledger{}, fault.New(fault.NotFound, "There is no operation %q.", id)
}

// begin stores an operation with an attempt at a.
func (s *site) begin(id string) {
	s.ops[id] = &broker.Ledger{
		Operation: broker.Operation{ID: id, Status: broker.OpRunning},
		Attempts:  []broker.Attempt{{N: 1, Provider: "a", State: broker.Intent}},
	}
}

// finish records so many machines and ends the operation's attempt; whether it
// gives back what it has reserved is up to the caller.
func (s *site) finish(id string, n int) {
	for range n {
		s.made++
		s.owned = append(s.owned, broker.Owned{MachineID: fmt.Sprint(s.made), OperationID: id})
	}
	s.ops[id].Attempts[0].State, s.ops[id].Operation.Status = broker.Confirmed, broker.OpSucceeded
}

func reserve(t testing.TB, b quota.Book, l quota.Limit, w quota.Wish) int {
	t.Helper()
	n, _, err := b.Reserve(context.Background(), l, w)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhoCountedBeforeAHoldEndedCountsAgain(t *testing.T) {
	s := newSite()
	b, l := s.book(), quota.OfProvider("a", 2)
	s.begin("first")
	if n := reserve(t, b, l, quota.Wish{Operation: "first", Run: 1, Count: 1}); n != 1 {
		t.Fatalf("got %d", n)
	}
	s.others = func() { // the first makes its machine and ends, and a second takes what is left
		s.finish("first", 1)
		if err := b.Release(t.Context(), l, "first", 1); err != nil {
			t.Fatal(err)
		}
		s.begin("second")
		if n := reserve(t, b, l, quota.Wish{Operation: "second", Run: 1, Count: 1}); n != 1 {
			t.Fatalf("got %d", n)
		}
	}
	s.begin("third")
	n, _, err := b.Reserve(t.Context(), l, quota.Wish{Operation: "third", Run: 1, Count: 1})
	if n != 0 || err != nil {
		t.Errorf("a third of two: %d, %v", n, err)
	}
}

// Whatever operations do, die of, and do between a count and the write that
// relies on it: a limit is never exceeded; and when all have ended, what is left
// of it is what no machine has.
func TestALimitIsNeverExceededAndNeverLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 5
		s := newSite()
		b, l := s.book(), quota.OfProvider("a", most)
		holding, named := map[string]int{}, 0 // what each may make yet
		check := func() {
			sum := len(s.owned)
			for _, n := range holding {
				sum += n
			}
			if sum > most {
				t.Fatalf("%d machines exist or may, of %d: %v", sum, most, holding)
			}
		}
		pick := func(t *rapid.T) (string, bool) {
			var names []string
			for i := range named {
				if id := fmt.Sprint(i); holding[id] > 0 {
					names = append(names, id)
				}
			}
			if len(names) == 0 {
				return "", false
			}
			return rapid.SampledFrom(names).Draw(t, "operation"), true
		}
		begin := func(t *rapid.T) {
			id := fmt.Sprint(named)
			named++
			s.begin(id)
			n, _, err := b.Reserve(context.Background(), l, quota.Wish{Operation: id, Run: 1, Count: rapid.IntRange(1, 4).Draw(t, "count")})
			if err != nil {
				n = 0 // it gives up
			}
			if holding[id] = n; n == 0 {
				s.finish(id, 0)
			}
			check()
		}
		finish := func(t *rapid.T) {
			id, ok := pick(t)
			if !ok {
				return
			}
			n := rapid.IntRange(0, holding[id]).Draw(t, "made")
			s.finish(id, n)
			delete(holding, id)
			if rapid.Bool().Draw(t, "lives") {
				if err := b.Release(context.Background(), l, id, 1); err != nil {
					t.Fatal(err)
				}
			}
			check()
		}
		terminate := func(t *rapid.T) {
			if len(s.owned) > 0 {
				s.owned = s.owned[1:]
			}
		}
		wait := func(t *rapid.T) {
			s.now = s.now.Add(time.Duration(rapid.IntRange(1, 600).Draw(t, "seconds")) * time.Second)
		}
		s.others = func() {
			for range rapid.IntRange(0, 2).Draw(t, "meanwhile") {
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					begin(t)
				case 1:
					finish(t)
				case 2:
					terminate(t)
				case 3:
					wait(t)
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"begin": begin, "finish": finish, "terminate": terminate, "wait": wait, "": func(*rapid.T) { check() },
		})
		s.others = func() {}
		for id := range holding {
			s.finish(id, 0)
		}
		s.now = s.now.Add(time.Hour)
		for range 99 { // each look ends some that are over
			if _, err := b.Room(context.Background(), l); err != nil {
				t.Fatal(err)
			}
		}
		rooms, err := b.Left(context.Background(), l)
		if want := (broker.Room{Free: most - len(s.owned), Limit: most}); err != nil || rooms[0] != want {
			t.Fatalf("want %+v, got %+v, %v", want, rooms, err)
		}
	})
}

func TestAHoldIsKeptWhileSomethingMayComeOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		became func(*site)
		after  time.Duration
		limit  quota.Limit
		free   int
	}{
		"of an attempt in progress":              {func(*site) {}, time.Hour, quota.OfProvider("a", 1), 0},
		"of an unknown outcome":                  {func(s *site) { s.ops["x"].Attempts[0].State = broker.UnknownEffect }, time.Hour, quota.OfProvider("a", 1), 0},
		"of an attempt that has ended":           {func(s *site) { s.ops["x"].Attempts[0].State = broker.NoEffect }, 11 * time.Second, quota.OfProvider("a", 1), 1},
		"and not at once":                        {func(s *site) { s.ops["x"].Attempts[0].State = broker.NoEffect }, 9 * time.Second, quota.OfProvider("a", 1), 0},
		"of a template, until its operation has": {func(s *site) { s.ops["x"].Attempts[0].State = broker.NoEffect }, time.Hour, quota.OfTemplate("t", 1, []string{"a"}), 0},
		"of an operation that has ended":         {func(s *site) { s.finish("x", 0) }, 11 * time.Second, quota.OfTemplate("t", 1, []string{"a"}), 1},
		"of one that is not stored yet":          {func(s *site) { delete(s.ops, "x") }, 59 * time.Second, quota.OfTemplate("t", 1, []string{"a"}), 0},
		"of one that never was":                  {func(s *site) { delete(s.ops, "x") }, 61 * time.Second, quota.OfTemplate("t", 1, []string{"a"}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite()
			s.begin("x")
			reserve(t, s.book(), c.limit, quota.Wish{Operation: "x", Count: 1})
			c.became(s)
			s.now = s.now.Add(c.after)
			room, err := s.book().Room(t.Context(), c.limit)
			if err != nil || room.Free != c.free {
				t.Errorf("got %+v, %v", room, err)
			}
		})
	}
}

// A scheduler asks for nothing where nothing is left, and so nobody would reserve
// and find out.
func TestWhoOnlyReadsIsNotToldOfHoldsThatAreOver(t *testing.T) {
	s := newSite()
	b, l := s.book(), quota.OfTemplate("web", 5, []string{"a"})
	left := func() int {
		t.Helper()
		rooms, err := b.Left(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		return rooms[0].Free
	}
	s.begin("died after its end")
	reserve(t, b, l, quota.Wish{Operation: "died after its end", Count: 3})
	reserve(t, b, l, quota.Wish{Operation: "died before it was stored", Count: 2})
	s.finish("died after its end", 1)
	s.owned[0].TemplateID = "web"
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {11 * time.Second, 2}, {11 * time.Minute, 4}} {
		if s.now = noon.Add(c.after); left() != c.want {
			t.Errorf("%s after: %d are left, want %d", c.after, left(), c.want)
		}
	}
	s.begin("goes on")
	reserve(t, b, l, quota.Wish{Operation: "goes on", Count: 4})
	s.now = s.now.Add(time.Hour)
	if left() != 0 {
		t.Errorf("%d are left of what is being made", left())
	}
}

func TestWhatALaterRunHasReservedStays(t *testing.T) {
	s := newSite()
	b, l := s.book(), quota.OfProvider("a", 2)
	s.begin("x")
	reserve(t, b, l, quota.Wish{Operation: "x", Run: 3, Count: 2})
	for run, want := range map[int]int{1: 0, 2: 0} {
		if err := b.Release(t.Context(), l, "x", run); err != nil {
			t.Fatal(err)
		}
		if rooms, err := b.Left(t.Context(), l); err != nil || rooms[0].Free != want {
			t.Errorf("run %d: %+v, %v", run, rooms, err)
		}
	}
	if err := b.Release(t.Context(), l, "x", 3); err != nil {
		t.Fatal(err)
	}
	if rooms, err := b.Left(t.Context(), l); err != nil || rooms[0].Free != 2 {
		t.Errorf("%+v, %v", rooms, err)
	}
}

func ExampleBook() {
	s := newSite()
	b, l := s.book(), quota.OfTemplate("web", 3, []string{"a"})
	s.begin("op-1")
	got, _, _ := b.Reserve(context.Background(), l, quota.Wish{Operation: "op-1", Count: 2, Least: 2})
	fmt.Println("reserved:", got)
	got, room, _ := b.Reserve(context.Background(), l, quota.Wish{Operation: "op-2", Count: 2, Least: 2})
	fmt.Println("reserved:", got, "of", room.Free, "that are left")
	// Output:
	// reserved: 2
	// reserved: 0 of 1 that are left
}
