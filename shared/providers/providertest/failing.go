package providertest

import (
	"context"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

func failing() []Case {
	return []Case{
		{"reports throttling with the hint of the provider", Throttled, throttled},
		{"reports refused credentials", Unauthorized, unauthorized},
		{"reports a failure that comes late", LateFailure, failsLate},
		{"obeys its deadline when the provider hangs", Hanging, hangs},
		{"obeys a caller that goes away", Hanging, abandoned},
		{"reports an unreachable provider as not sent", Unreachable, unreachable},
	}
}

func throttled(t testing.TB, s Subject) {
	s.Double.Set(Throttled)
	spec := order(t, s, 1, 2)
	_, err := create(t.Context(), s, spec)
	if p := refused(t, s, err, fault.Throttle); p.RetryAfter <= 0 {
		t.Errorf("the hint is %v", p.RetryAfter)
	}
	worksAgain(t, s, spec)
}

func unauthorized(t testing.TB, s Subject) {
	s.Double.Set(Unauthorized)
	spec := order(t, s, 1, 2)
	_, err := create(t.Context(), s, spec)
	refused(t, s, err, fault.Auth)
	worksAgain(t, s, spec)
}

// worksAgain takes the fault away and expects the same order to be carried
// out: a refusal leaves nothing behind.
func worksAgain(t testing.TB, s Subject, spec broker.CreateSpec) {
	t.Helper()
	s.Double.Set(Working)
	expectExist(t, s, ids(mustCreate(t, s, spec)))
}

func failsLate(t testing.TB, s Subject) {
	s.Double.Set(LateFailure)
	spec := order(t, s, 1, 2)
	r, err := s.Driver.Create(t.Context(), spec)
	if err != nil || r.Pending == nil {
		t.Fatalf("got %+v, %v; want an accepted creation that is pending", r, err)
	}
	if len(r.Pending) > 4096 {
		t.Errorf("the continuation has %d bytes, want at most 4096", len(r.Pending))
	}
	for polls := 0; err == nil && r.Pending != nil && polls < 100; polls++ {
		s.Double.Pass(r.PollAfter)
		r, err = s.Driver.Poll(t.Context(), spec, r.Pending)
	}
	refused(t, s, err, fault.Capacity, fault.Quota)
}

// patience is how much later than its deadline a call may end on a busy
// machine.
const patience = time.Minute

func hangs(t testing.TB, s Subject) {
	s.Double.Set(Hanging)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	spec := order(t, s, 1, 2)
	began := time.Now()
	_, err := s.Driver.Create(ctx, spec)
	if late := time.Since(began) - 100*time.Millisecond; late > patience {
		t.Errorf("the call ended %v after its deadline", late)
	}
	p := classified(t, err)
	if p.Class != fault.Timeout && p.Class != fault.Down {
		t.Errorf("got class %s, want TIMEOUT or DOWN: %v", p.Class, p)
	}
	worksAgain(t, s, spec)
}

func abandoned(t testing.TB, s Subject) {
	s.Double.Set(Hanging)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	spec := order(t, s, 1, 1)
	_, err := s.Driver.Create(ctx, spec)
	if p := classified(t, err); p.Class != fault.Cancelled {
		t.Errorf("got class %s, want CANCELLED: %v", p.Class, p)
	}
	worksAgain(t, s, spec)
}

func unreachable(t testing.TB, s Subject) {
	s.Double.Set(Unreachable)
	spec := order(t, s, 1, 2)
	_, err := create(t.Context(), s, spec)
	if p := refused(t, s, err, fault.Down); p.Sent {
		t.Errorf("nothing was sent, and the error says it was: %v", p)
	}
	worksAgain(t, s, spec)
}
