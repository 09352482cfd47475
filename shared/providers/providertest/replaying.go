package providertest

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

func replaying() []Case {
	return []Case{
		{"makes nothing more for the same token", Working, replayMakesNothing},
		{"makes at most what the first call was refused when there is more room", Working, replayFillsUp},
		{"answers the same token when there is no room left", Working, replayWithoutRoom},
		{"makes no more than asked for one token in eight calls at once", Working, replayAtOnce},
		{"does not make again for a token what was terminated", Working, replayAfterEnd},
	}
}

func replayMakesNothing(t testing.TB, s Subject) {
	spec := order(t, s, 1, 3)
	first := mustCreate(t, s, spec)
	again := mustCreate(t, s, spec)
	if diff := cmp.Diff(sorted(ids(first)), sorted(ids(again))); diff != "" {
		t.Errorf("the second answer differs (-first +second):\n%s", diff)
	}
	expectExist(t, s, ids(first))
}

// replayFillsUp: some clouds repeat their first answer for a token, others
// make what was missing; both are good.
func replayFillsUp(t testing.TB, s Subject) {
	s.Double.Free(2)
	spec := order(t, s, 1, 3)
	first, err := create(t.Context(), s, spec)
	if err != nil || len(first.Machines) != 2 {
		t.Fatalf("got %d machines and %v, want 2 of 3", len(first.Machines), err)
	}
	s.Double.Record(first.Machines)
	s.Double.Free(5)
	for range 3 {
		again, err := create(t.Context(), s, spec)
		if err != nil {
			t.Fatalf("replaying: %v", err)
		}
		expectContains(t, ids(again.Machines), ids(first.Machines))
		if len(again.Machines) > spec.Count {
			t.Errorf("got %d machines for a count of %d", len(again.Machines), spec.Count)
		}
		expectExist(t, s, ids(again.Machines))
	}
}

func replayWithoutRoom(t testing.TB, s Subject) {
	spec := order(t, s, 1, 3)
	first := mustCreate(t, s, spec)
	s.Double.Free(0)
	again := mustCreate(t, s, spec)
	if diff := cmp.Diff(sorted(ids(first)), sorted(ids(again))); diff != "" {
		t.Errorf("the second answer differs (-first +second):\n%s", diff)
	}
}

func replayAtOnce(t testing.TB, s Subject) {
	const callers = 8
	spec := order(t, s, 1, 4)
	results, errs := make([]providers.CreateResult, callers), make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { results[i], errs[i] = create(t.Context(), s, spec) })
	}
	wg.Wait()
	exist := s.Double.Exist()
	if len(exist) != spec.Count {
		t.Errorf("%d machines exist for a count of %d", len(exist), spec.Count)
	}
	for i := range callers {
		if errs[i] != nil {
			t.Errorf("call %d: %v", i, errs[i])
		}
		expectContains(t, exist, ids(results[i].Machines))
	}
}

func replayAfterEnd(t testing.TB, s Subject) {
	spec := order(t, s, 1, 2)
	mustTerminate(t, s, mustCreate(t, s, spec))
	r, err := create(t.Context(), s, spec)
	if err != nil {
		classified(t, err)
	}
	for _, m := range r.Machines {
		if !m.Status.Final() {
			t.Errorf("machine %s is %s although it was terminated", m.ID, m.Status)
		}
	}
	expectExist(t, s, nil)
}

func expectContains(t testing.TB, all, some []string) {
	t.Helper()
	there := map[string]bool{}
	for _, id := range all {
		there[id] = true
	}
	for _, id := range some {
		if !there[id] {
			t.Errorf("%s is not among %v", id, all)
		}
	}
}

// expectFound compares what a look-up by token finds with the ids wanted.
func expectFound(t testing.TB, s Subject, spec broker.CreateSpec, want []string) {
	t.Helper()
	found, err := s.Driver.Find(t.Context(), spec)
	if err != nil {
		t.Fatalf("finding: %v", err)
	}
	if diff := cmp.Diff(sorted(want), sorted(ids(found))); diff != "" {
		t.Errorf("machines found by token (-want +got):\n%s", diff)
	}
}
