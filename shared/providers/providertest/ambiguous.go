package providertest

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func ambiguous() []Case {
	return []Case{
		{"says that the outcome is open when a reply is lost, and a look-up finds it", LostReply, lostThenFound},
		{"says that the outcome is open when a reply is lost, and the same token finds it", LostReply, lostThenReplayed},
		{"says that the outcome is open when a reply is cut, and a look-up finds it", CutReply, cutThenFound},
		{"says that the outcome is open when a reply is cut, and the same token completes it", CutReply, cutThenReplayed},
		{"tells a failed look-up from one that finds nothing", Blind, failedLookup},
	}
}

// open creates under a fault that loses the answer after an effect.
func open(t testing.TB, s Subject, f Fault) (spec broker.CreateSpec, exist []string) {
	t.Helper()
	spec = order(t, s, 1, 3)
	s.Double.Set(f)
	r, err := create(t.Context(), s, spec)
	if err == nil && len(r.Shortfall) > 0 {
		err = r.Shortfall[0] // a known part beside what is open
	}
	if p := classified(t, err); !p.Ambiguous() {
		t.Errorf("the error must leave open whether something was made: %v (sent %v)", p, p.Sent)
	}
	s.Double.Set(Working)
	exist = s.Double.Exist()
	if len(exist) == 0 || len(exist) > spec.Count {
		t.Fatalf("the double made %d machines under %q, want 1 to %d", len(exist), f, spec.Count)
	}
	return spec, exist
}

func lostThenFound(t testing.TB, s Subject) {
	spec, exist := open(t, s, LostReply)
	expectFound(t, s, spec, exist)
	expectExist(t, s, exist)
}

func lostThenReplayed(t testing.TB, s Subject) {
	spec, exist := open(t, s, LostReply)
	machines := mustCreate(t, s, spec)
	expectContains(t, ids(machines), exist)
	expectExist(t, s, ids(machines))
}

func cutThenFound(t testing.TB, s Subject) {
	spec, exist := open(t, s, CutReply)
	expectFound(t, s, spec, exist)
	expectExist(t, s, exist)
}

func cutThenReplayed(t testing.TB, s Subject) {
	spec, exist := open(t, s, CutReply)
	r, err := create(t.Context(), s, spec)
	if err != nil {
		t.Fatalf("replaying: %v", err)
	}
	expectContains(t, ids(r.Machines), exist)
	if len(r.Machines) > spec.Count {
		t.Errorf("%d machines for a count of %d", len(r.Machines), spec.Count)
	}
	expectExist(t, s, ids(r.Machines))
}

func failedLookup(t testing.TB, s Subject) {
	spec := order(t, s, 1, 2)
	machines := mustCreate(t, s, spec)
	s.Double.Set(Blind)
	if found, err := s.Driver.Find(t.Context(), spec); err == nil {
		t.Errorf("a failed look-up by token answered %d machines", len(found))
	} else {
		classified(t, err)
	}
	if got, err := s.Driver.Status(t.Context(), ids(machines)); err == nil {
		t.Errorf("a failed look-up by id answered %+v", got)
	} else {
		classified(t, err)
	}
	s.Double.Set(Working)
	expectFound(t, s, spec, ids(machines))
}
