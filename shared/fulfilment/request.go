package fulfilment

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// What a scheduler asks for it can use when it runs and has a name and an
// address. So an attempt of a request is not over when its provider has made
// the machines: it stays SENT, and its machines are asked about, until each is
// usable or never will be, or the request's time is over.

// awaited is the continuation of an attempt whose machines are made and not
// all usable. No driver ever sees it.
const awaited = `{"ohfp":"awaiting"}`

// Pauses between two looks at machines that are coming: the first, and what
// each further one adds, up to the last.
const firstLook, lastLook = 5 * time.Second, 15 * time.Second

// Awaits reports whether the attempt's machines are made and asked about.
func Awaits(a *broker.Attempt) bool {
	return a.State == broker.Sent && string(a.Continuation) == awaited
}

// Await returns a, which has just learnt something, as an attempt of a request:
// back to SENT while a machine of it is coming, and with the usable ones as
// what is confirmed when none is.
func Await(a broker.Attempt, now time.Time) broker.Attempt {
	if a.State != broker.Confirmed {
		return a
	}
	coming, usable := census(a.Machines)
	if coming == 0 {
		return usableOnly(a, usable)
	}
	a.State, a.Confirmed, a.EndedAt = broker.Sent, 0, time.Time{}
	a.Continuation = json.RawMessage(awaited)
	return notBefore(a, now.Add(min(lastLook, firstLook*time.Duration(max(1, a.Tries)))))
}

// usableOnly corrects what an attempt that has ended has confirmed.
func usableOnly(a broker.Attempt, usable int) broker.Attempt {
	a.Confirmed = usable
	if usable < len(a.Machines) && a.Class == fault.None {
		a.Class, a.Code, a.Message = fault.Server, "not_usable", "the provider made machines that cannot be used"
	}
	if usable == 0 {
		a.State = broker.NoEffect
	}
	return a
}

func census(machines []broker.Machine) (coming, usable int) {
	for i := range machines {
		switch m := &machines[i]; {
		case m.Usable():
			usable++
		case m.Coming():
			coming++
		}
	}
	return coming, usable
}

// Awaited returns a after a driver's answer about its machines. One that failed
// says nothing about them, nor about why there are no more.
func Awaited(a broker.Attempt, seen []broker.Machine, err error, now time.Time) broker.Attempt {
	before := a
	a = tried(a)
	if err != nil {
		return shortAs(notBefore(explain(a, fault.AsProvider(err), now), now.Add(pause(a.Tries))), before)
	}
	a = shortAs(a, before)
	a.Machines = slices.Clone(a.Machines)
	for i := range a.Machines {
		if j := slices.IndexFunc(seen, func(m broker.Machine) bool { return m.ID == a.Machines[i].ID }); j >= 0 {
			a.Machines[i] = laidOver(a.Machines[i], seen[j])
		}
	}
	return Await(conclude(a, len(a.Machines), now), now)
}

// shortAs gives an attempt the reason that it had for making no more machines:
// that is no less true after another look at those that it made.
func shortAs(a, before broker.Attempt) broker.Attempt {
	a.Class, a.Code, a.Message = before.Class, before.Code, before.Message
	return a
}

// laidOver is a machine with what is new of it. What a provider leaves out
// stays.
func laidOver(m, seen broker.Machine) broker.Machine {
	m.Status = seen.Status
	for _, f := range []struct{ to, from *string }{
		{&m.Name, &seen.Name},
		{&m.Message, &seen.Message},
		{&m.PrivateIP, &seen.PrivateIP},
		{&m.PublicIP, &seen.PublicIP},
		{&m.InstanceType, &seen.InstanceType},
		{&m.Zone, &seen.Zone},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	if !seen.LaunchTime.IsZero() {
		m.LaunchTime = seen.LaunchTime
	}
	return m
}

// cut ends an attempt whose machines are still coming when the time of the
// request is over, or it is wanted no more.
func (s *settling) cut(a *broker.Attempt) {
	s.change(a)
	why := "it was not usable when the time of the request was over"
	if s.cancelled() {
		why = "the request was cancelled before it was usable"
	}
	a.Machines = slices.Clone(a.Machines)
	for i := range a.Machines {
		if m := &a.Machines[i]; m.Coming() {
			m.Status, m.Message = broker.MachineFailed, why
		}
	}
	_, usable := census(a.Machines)
	a.Run++
	a.Class, a.Code, a.Message = fault.Timeout, "not_usable", why
	*a = usableOnly(conclude(*a, len(a.Machines), s.now), usable)
}

// closed returns what becomes of a request whose operation ends now: its answer
// is final, and its machines are seen to if there is need. op is the operation
// as it ends.
func closed(op *broker.Operation, l *broker.Ledger, now time.Time) {
	if op.Request == nil {
		return
	}
	r := *op.Request
	if r.ClosedAt.IsZero() {
		r.ClosedAt = now
	}
	op.Request, op.DueAt = &r, now
	ended := broker.Ledger{Operation: *op, Attempts: l.Attempts}
	switch {
	case len(Leftover(&ended)) == 0:
		r.TidiedAt, op.DueAt = now, r.ClosedAt.Add(r.ClaimWithin)
	case op.Type == broker.TerminateInstances && op.Deadline.After(now):
		op.DueAt = op.Deadline // a provider that refuses is not asked again at once
	}
}

// overdue makes the answer of a request final whose outcome is open when its
// time is over: what is learnt later is no part of it.
func (s *settling) overdue() {
	op := &s.ledger.Operation
	if op.Request == nil || !op.Request.ClosedAt.IsZero() {
		return
	}
	r := *op.Request
	r.ClosedAt = s.now
	for i := range s.ledger.Attempts {
		if a := &s.ledger.Attempts[i]; a.State.Reserves() {
			r.Late = append(r.Late, a.N)
		}
	}
	op.Request = &r
}

// Leftover are the machines of a request that has ended which are nobody's:
// of a create those that its answer does not hand out, all of one that was
// cancelled or that nobody claimed; of a return those that could not be ended.
// Of an answer that nobody claimed they are told also while the outcome of an
// attempt is open, which is then left out.
func Leftover(l *broker.Ledger) []string {
	r := l.Operation.Request
	switch {
	case r == nil || l.Operation.Status.Open() && r.TakenBackAt.IsZero():
		return nil
	case l.Operation.Type == broker.TerminateInstances:
		return unreturned(l)
	}
	all := !r.TakenBackAt.IsZero() || l.Operation.Cancelled != nil
	var ids []string
	for i := range l.Attempts {
		if a := &l.Attempts[i]; !a.State.Reserves() {
			ids = append(ids, unhanded(a.Machines, all || slices.Contains(r.Late, a.N))...)
		}
	}
	return ids
}

// unhanded are those of an attempt's machines that may exist and are handed
// out to nobody: all, or those that cannot be used.
func unhanded(machines []broker.Machine, all bool) (ids []string) {
	for i := range machines {
		m := &machines[i]
		gone := m.Status == broker.MachineTerminated || m.Status == broker.MachineLost
		if !gone && (all || !m.Usable()) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func unreturned(l *broker.Ledger) (ids []string) {
	gone := l.Returned()
	for _, c := range l.Operation.Candidates {
		for _, id := range c.MachineIDs {
			if !gone[id] {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
