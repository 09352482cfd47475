package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// order is the n-th creation of a test: its own operation and token.
func order(t testing.TB, s Subject, n, count int) broker.CreateSpec {
	t.Helper()
	operation := fmt.Sprintf("op-%s-%d", t.Name(), n)
	return broker.CreateSpec{
		BrokerID: "7f1e2d3c-0000-4000-8000-000000000001", OperationID: operation, Attempt: 1,
		Token:    uuid.NewSHA1(uuid.NameSpaceOID, []byte(operation)).String(),
		Template: s.Template, Count: count,
	}
}

// create creates and polls until nothing is pending.
func create(ctx context.Context, s Subject, spec broker.CreateSpec) (providers.CreateResult, error) {
	r, err := s.Driver.Create(ctx, spec)
	for polls := 0; err == nil && r.Pending != nil; polls++ {
		if polls == 100 {
			return r, errors.New("still pending after 100 polls")
		}
		s.Double.Pass(r.PollAfter)
		r, err = s.Driver.Poll(ctx, spec, r.Pending)
	}
	return r, err
}

// mustCreate creates exactly spec.Count machines and records them.
func mustCreate(t testing.TB, s Subject, spec broker.CreateSpec) []broker.Machine {
	t.Helper()
	r, err := create(t.Context(), s, spec)
	if err != nil {
		t.Fatalf("creating %d: %v", spec.Count, err)
	}
	if len(r.Machines) != spec.Count || len(r.Shortfall) != 0 {
		t.Fatalf("creating %d: got %d machines, shortfall %v", spec.Count, len(r.Machines), r.Shortfall)
	}
	s.Double.Record(r.Machines)
	return r.Machines
}

// mustTerminate ends machines, records it and expects each to be done.
func mustTerminate(t testing.TB, s Subject, machines []broker.Machine) {
	t.Helper()
	results, err := s.Driver.Terminate(t.Context(), ids(machines))
	if err != nil {
		t.Fatalf("terminating: %v", err)
	}
	for i, r := range results {
		if !r.Terminated {
			t.Errorf("terminating %s: %s", r.MachineID, r.Message)
		}
		machines[i].Status = broker.MachineTerminated
	}
	s.Double.Record(machines)
}

func ids(machines []broker.Machine) []string {
	all := make([]string, len(machines))
	for i, m := range machines {
		all[i] = m.ID
	}
	return all
}

// expectExist compares what exists at the provider with the ids wanted.
func expectExist(t testing.TB, s Subject, want []string) {
	t.Helper()
	if diff := cmp.Diff(sorted(want), sorted(s.Double.Exist())); diff != "" {
		t.Errorf("machines at the provider (-want +got):\n%s", diff)
	}
}

func sorted(list []string) []string {
	c := append([]string{}, list...)
	slices.Sort(c)
	return c
}

// classified returns err as the provider error that it must be.
func classified(t testing.TB, err error) *fault.ProviderError {
	t.Helper()
	p, ok := errors.AsType[*fault.ProviderError](err)
	if !ok {
		t.Fatalf("got error %v (%T), want a *fault.ProviderError", err, err)
	}
	if !p.Class.Known() {
		t.Errorf("error class %q is not in the table", p.Class)
	}
	if p.Message == "" {
		t.Errorf("%s error %q has no message", p.Class, p.Code)
	}
	return p
}

// refused expects an error of a class that says for sure that nothing was made.
func refused(t testing.TB, s Subject, err error, classes ...fault.Class) *fault.ProviderError {
	t.Helper()
	p := classified(t, err)
	if !slices.Contains(classes, p.Class) {
		t.Errorf("got class %s, want one of %v: %v", p.Class, classes, p)
	}
	if p.Ambiguous() {
		t.Errorf("the error leaves open whether something was made: %v", p)
	}
	expectExist(t, s, nil)
	return p
}
