package providertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func reading() []Case {
	return []Case{
		{"finds nothing for a token that made nothing", Working, findsNothing},
		{"tells the status of each machine in the order given", Working, tellsStatus},
		{"tells that a machine has vanished", Working, tellsVanished},
		{"is healthy when it works and says when it was looked at", Working, healthy},
		{"is not healthy when it is unreachable", Unreachable, unhealthy},
		{"says what of a template would not work", Working, validates},
		{"makes nothing when it is asked about a template", Working, validatesOnly},
		{"tells what a machine costs, or says nothing of it", Working, estimates},
		{"classifies a question about a template that it cannot answer", Unreachable, cannotValidate},
		{"reports what it verified", Working, capable},
	}
}

func findsNothing(t testing.TB, s Subject) {
	mustCreate(t, s, order(t, s, 1, 1))
	expectFound(t, s, order(t, s, 2, 1), nil)
}

func tellsStatus(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 3))
	given := []string{machines[2].ID, "m-00000000-0000-5000-8000-000000000000", machines[0].ID, machines[1].ID}
	got, err := s.Driver.Status(t.Context(), given)
	if err != nil {
		t.Fatalf("asking for the status: %v", err)
	}
	if diff := cmp.Diff(given, ids(got)); diff != "" {
		t.Fatalf("status (-ids given +ids got):\n%s", diff)
	}
	for _, m := range []broker.Machine{got[0], got[2], got[3]} {
		if m.Status != broker.MachineRunning || m.Provider != s.Provider {
			t.Errorf("machine %s of %q is %s", m.ID, m.Provider, m.Status)
		}
	}
	expectGone(t, got[1])
}

func tellsVanished(t testing.TB, s Subject) {
	machines := mustCreate(t, s, order(t, s, 1, 2))
	s.Double.Vanish(machines[0].ID)
	got, err := s.Driver.Status(t.Context(), ids(machines))
	if err != nil {
		t.Fatalf("asking for the status: %v", err)
	}
	expectGone(t, got[0])
	if got[1].Status != broker.MachineRunning {
		t.Errorf("the other machine is %s", got[1].Status)
	}
}

func expectGone(t testing.TB, m broker.Machine) {
	t.Helper()
	if m.Status != broker.MachineTerminated && m.Status != broker.MachineLost {
		t.Errorf("machine %s is %s, want TERMINATED or LOST", m.ID, m.Status)
	}
	if m.Message == "" {
		t.Errorf("machine %s is %s without a message", m.ID, m.Status)
	}
}

func healthy(t testing.TB, s Subject) {
	h, err := s.Driver.Health(t.Context())
	if err != nil {
		t.Fatalf("checking: %v", err)
	}
	if h.State != broker.Healthy || h.CheckedAt.IsZero() || h.Message == "" || h.ResponseTime < 0 {
		t.Errorf("got %+v", h)
	}
}

func unhealthy(t testing.TB, s Subject) {
	s.Double.Set(Unreachable)
	h, err := s.Driver.Health(t.Context())
	if err != nil {
		classified(t, err)
		return
	}
	if h.State != broker.Unhealthy || h.Message == "" {
		t.Errorf("got %s, %q", h.State, h.Message)
	}
}

func validates(t testing.TB, s Subject) {
	good, err := s.Driver.Validate(t.Context(), s.Template)
	if err != nil || len(good.Errors) > 0 {
		t.Errorf("the template that works: %+v, %v", good, err)
	}
	bad, err := s.Driver.Validate(t.Context(), s.Misfit)
	if err != nil || len(bad.Errors) == 0 {
		t.Errorf("the template that does not work: %+v, %v", bad, err)
	}
}

func validatesOnly(t testing.TB, s Subject) {
	for _, template := range []broker.ResolvedTemplate{s.Template, s.Misfit} {
		if v, err := s.Driver.Validate(t.Context(), template); err != nil || len(v.ValidatedFields) == 0 {
			t.Errorf("got %+v, %v; want the fields that were looked at", v, err)
		}
	}
	expectExist(t, s, nil)
}

// estimates: what is not known is nil. 0 is a price, and below it there is
// none.
func estimates(t testing.TB, s Subject) {
	v, err := s.Driver.Validate(t.Context(), s.Template)
	if err != nil {
		t.Fatalf("validating: %v", err)
	}
	if cost := v.EstimatedCostPerHour; cost != nil && *cost < 0 {
		t.Errorf("a machine costs %g", *cost)
	}
}

// cannotValidate: a driver that needs no call for it may answer all the same.
func cannotValidate(t testing.TB, s Subject) {
	s.Double.Set(Unreachable)
	if _, err := s.Driver.Validate(t.Context(), s.Template); err != nil {
		classified(t, err)
	}
}

func capable(t testing.TB, s Subject) {
	c, err := s.Driver.Capabilities(t.Context())
	if err != nil {
		t.Fatalf("asking for capabilities: %v", err)
	}
	if c.Verified["instance_management"] != true || c.VerifiedAt.IsZero() {
		t.Errorf("got %+v", c)
	}
}
