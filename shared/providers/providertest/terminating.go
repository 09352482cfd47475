package providertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func terminating() []Case {
	return []Case{
		{"terminates, and what is gone is terminated too", Working, terminatesTwice},
		{"terminates the good ones beside an unknown id, in the order given", Working, terminatesBesideUnknown},
		{"terminates nothing else", Working, terminatesNothingElse},
		{"terminates what has vanished", Working, terminatesVanished},
		{"makes room again", Working, makesRoom},
	}
}

func terminatesTwice(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 3))
	mustTerminate(t, s, machines)
	expectExist(t, s, nil)
	mustTerminate(t, s, machines)
	expectExist(t, s, nil)
}

func terminatesBesideUnknown(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 2))
	given := []string{machines[0].ID, "m-00000000-0000-5000-8000-000000000000", machines[1].ID}
	results, err := s.Driver.Terminate(t.Context(), given)
	if err != nil {
		t.Fatalf("an unknown id spoilt the others: %v", err)
	}
	got := make([]string, len(results))
	for i, r := range results {
		got[i] = r.MachineID
		if !r.Terminated {
			t.Errorf("%s is not terminated: %s", r.MachineID, r.Message)
		}
	}
	if diff := cmp.Diff(given, got); diff != "" {
		t.Errorf("results (-ids given +ids got):\n%s", diff)
	}
	expectExist(t, s, nil)
}

func terminatesNothingElse(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 3))
	mustTerminate(t, s, machines[:1])
	expectExist(t, s, ids(machines[1:]))
}

func terminatesVanished(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 2))
	s.Double.Vanish(machines[0].ID)
	mustTerminate(t, s, machines)
	expectExist(t, s, nil)
}

func makesRoom(t testing.TB, s Subject) {
	s.Double.Free(2)
	machines := mustCreate(t, s, order(t, s, 1, 2))
	mustTerminate(t, s, machines)
	again := mustCreate(t, s, order(t, s, 2, 2))
	for _, m := range again {
		if m.Status == broker.MachineTerminated {
			t.Errorf("machine %s is new and %s", m.ID, m.Status)
		}
	}
	expectExist(t, s, ids(again))
}
