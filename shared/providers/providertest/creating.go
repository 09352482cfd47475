package providertest

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func creating() []Case {
	return []Case{
		{"creates as many machines as asked", Working, createsAll},
		{"creates what there is room for and says why it is less", Working, createsSome},
		{"creates none with a capacity error when there is no room", Working, createsNone},
		{"refuses a template that nothing here can fulfil", Working, createsMisfit},
		{"never uses a machine id again", Working, neverReusesIDs},
		{"keeps the machines of two tokens apart", Working, keepsTokensApart},
	}
}

func createsAll(t testing.TB, s Subject) {
	spec := order(t, s, 1, 3)
	machines := mustCreate(t, s, spec)
	expectExist(t, s, ids(machines))
	names := map[string]bool{}
	for _, m := range machines {
		if names[m.Name] {
			t.Errorf("two machines have the name %q", m.Name)
		}
		names[m.Name] = true
		expectFresh(t, s, spec, m)
	}
}

func expectFresh(t testing.TB, s Subject, spec broker.CreateSpec, m broker.Machine) {
	t.Helper()
	if m.ID == "" || m.Name == "" || m.LaunchTime.IsZero() {
		t.Errorf("machine %+v: want an id, a name and a launch time", m)
	}
	if m.Provider != s.Provider || m.OperationID != spec.OperationID || m.Attempt != spec.Attempt {
		t.Errorf("machine %s: provider %q, operation %q, attempt %d", m.ID, m.Provider, m.OperationID, m.Attempt)
	}
	if m.Status != broker.MachineRunning && m.Status != broker.MachinePending {
		t.Errorf("machine %s is %s", m.ID, m.Status)
	}
}

func createsSome(t testing.TB, s Subject) {
	s.Double.Free(2)
	r, err := create(t.Context(), s, order(t, s, 1, 5))
	if err != nil {
		t.Fatalf("a part is no error: %v", err)
	}
	if len(r.Machines) != 2 {
		t.Errorf("got %d machines, want the 2 there was room for", len(r.Machines))
	}
	if len(r.Shortfall) == 0 {
		t.Error("nothing says why there are 2 of 5")
	}
	for _, reason := range r.Shortfall {
		if p := classified(t, reason); p.Class != fault.Capacity && p.Class != fault.Quota {
			t.Errorf("the shortfall is %v, want CAPACITY or QUOTA", p)
		}
	}
	expectExist(t, s, ids(r.Machines))
}

func createsNone(t testing.TB, s Subject) {
	s.Double.Free(0)
	_, err := create(t.Context(), s, order(t, s, 1, 2))
	refused(t, s, err, fault.Capacity, fault.Quota)
}

func createsMisfit(t testing.TB, s Subject) {
	spec := order(t, s, 1, 1)
	spec.Template = s.Misfit
	_, err := create(t.Context(), s, spec)
	refused(t, s, err, fault.OfferingConfig, fault.Validation)
}

func neverReusesIDs(t testing.TB, s Subject) {
	s.Double.Free(3)
	seen := map[string]bool{}
	for round := range 4 {
		machines := mustCreate(t, s, order(t, s, round, 3))
		for _, m := range machines {
			if seen[m.ID] {
				t.Errorf("round %d: id %s was used before", round, m.ID)
			}
			seen[m.ID] = true
		}
		mustTerminate(t, s, machines)
		expectExist(t, s, nil)
	}
}

func keepsTokensApart(t testing.TB, s Subject) {
	a, b := order(t, s, 1, 2), order(t, s, 2, 3)
	first, second := mustCreate(t, s, a), mustCreate(t, s, b)
	expectExist(t, s, append(ids(first), ids(second)...))
	expectFound(t, s, a, ids(first))
	expectFound(t, s, b, ids(second))
}
