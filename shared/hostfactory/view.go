package hostfactory

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// View is how a request stands, by its ledger alone: no provider is asked, and
// what was once terminal is the same ever after. The operation must be a
// scheduler's request.
func View(l *broker.Ledger) Request {
	if l.Operation.Type == broker.TerminateInstances {
		return viewReturn(l)
	}
	return viewAcquire(l)
}

// Unknown is the answer about a request that is not there.
func Unknown(id string) Request {
	return Request{RequestID: id, Status: CompleteWithError, Message: fmt.Sprintf("there is no request %q", id), Machines: []Machine{}}
}

// Joined is a request whose machines are in several parts.
func Joined(whole Request, part Request) Request {
	whole.Machines = append(whole.Machines, part.Machines...)
	switch {
	case part.Status == Running:
		whole.Status, whole.Message = Running, ""
	case part.Status == CompleteWithError && whole.Status == Complete:
		whole.Status, whole.Message = CompleteWithError, part.Message
	}
	return whole
}

// Outline is the status of a request by its operation alone.
func Outline(o *broker.Operation) Status {
	switch {
	case o.Request == nil || o.Request.ClosedAt.IsZero():
		return Running
	case o.Cancelled != nil:
		return CompleteWithError
	case o.Status == broker.OpSucceeded && o.Request.TakenBackAt.IsZero() && len(o.Request.Late) == 0:
		return Complete
	case o.Status == broker.OpPartial && o.Type == broker.CreateInstances && o.Request.Partial == string(Complete):
		return Complete
	}
	return CompleteWithError
}

func viewAcquire(l *broker.Ledger) Request {
	o, r := &l.Operation, l.Operation.Request
	closed := !r.ClosedAt.IsZero()
	var all []Machine
	for i := range l.Attempts {
		a := &l.Attempts[i]
		if a.Undoes > 0 || slices.Contains(r.Late, a.N) {
			continue
		}
		for j := range a.Machines {
			all = append(all, acquiredMachine(&a.Machines[j], paidFor(a, r), closed))
		}
	}
	if why := nobodys(o); why != "" && closed {
		for i := range all {
			all[i].Result, all[i].Message = Fail, why
		}
	}
	all = handedOut(all, o.Wanted)
	v := Request{RequestID: o.ID, Machines: all, Status: Fold(Wish{Machines: o.Wanted, Open: !closed, Partial: Status(r.Partial)}, resultsOf(all))}
	if v.Status == CompleteWithError {
		v.Message = because(o)
	}
	return v
}

// paidFor is the request with the way in which an attempt paid: of a template
// that may be paid for in several, each attempt takes one.
func paidFor(a *broker.Attempt, r *broker.HostRequest) *broker.HostRequest {
	if a.Spec == nil || a.Spec.Template.PriceType == "" {
		return r
	}
	paid := *r
	paid.PriceType = a.Spec.Template.PriceType
	return &paid
}

// nobodys says why nobody gets the machines of a request; "" when somebody
// does.
func nobodys(o *broker.Operation) string {
	switch {
	case !o.Request.TakenBackAt.IsZero():
		return fmt.Sprintf("nobody asked for the result within %s; the machine is returned", o.Request.ClaimWithin)
	case o.Cancelled != nil:
		return "the request was cancelled; the machine is returned"
	}
	return ""
}

// because says why a request got less than it asked for.
func because(o *broker.Operation) string {
	switch {
	case !o.Request.TakenBackAt.IsZero():
		return fmt.Sprintf("nobody asked for the result within %s; the machines are returned", o.Request.ClaimWithin)
	case len(o.Request.Late) > 0:
		return "what a provider made was not known when the time of the request was over; it is returned when it is found"
	case o.Cancelled != nil:
		return "the request was cancelled"
	case o.Message != "":
		return o.Message
	}
	return "there are fewer machines than asked for"
}

// handedOut leaves out machines that failed and were replaced.
func handedOut(all []Machine, wanted int) []Machine {
	good := slices.DeleteFunc(slices.Clone(all), func(m Machine) bool { return m.Result != Succeed })
	if len(good) >= wanted {
		return good
	}
	return append([]Machine{}, all...)
}

func resultsOf(machines []Machine) []Result {
	out := make([]Result, len(machines))
	for i := range machines {
		out[i] = machines[i].Result
	}
	return out
}

// acquiredMachine is a machine that was asked for. What is still coming when
// the answer is final has failed.
func acquiredMachine(m *broker.Machine, r *broker.HostRequest, closed bool) Machine {
	out := machineOf(m, r)
	out.Result, out.Status = Acquired(m), string(m.Status)
	if closed && out.Result == Executing {
		out.Result, out.Message = Fail, "it was not usable when the time of the request was over"
	}
	if out.Result == Fail && out.Message == "" {
		out.Message = "it is " + strings.ToLower(string(m.Status))
	}
	if out.Result != Fail {
		out.Message = ""
	}
	return out
}

func machineOf(m *broker.Machine, r *broker.HostRequest) Machine {
	out := Machine{
		MachineID: m.ID, Name: m.Name, PrivateIPAddress: m.PrivateIP, PublicIPAddress: m.PublicIP, InstanceType: m.InstanceType,
		PriceType: r.PriceType, InstanceTags: Tags(r.Tags), RCAccount: r.Account, Message: m.Message,
	}
	if !m.LaunchTime.IsZero() {
		out.LaunchTime = m.LaunchTime.Unix()
	}
	return out
}

func viewReturn(l *broker.Ledger) Request {
	o, r := &l.Operation, l.Operation.Request
	closed, gone := !r.ClosedAt.IsZero(), l.Returned()
	v := Request{RequestID: o.ID, Machines: make([]Machine, 0, len(r.Returns))}
	for i := range r.Returns {
		v.Machines = append(v.Machines, returnedMachine(r.Returns[i], r, gone, closed))
	}
	v.Status = Fold(Wish{Open: !closed}, resultsOf(v.Machines))
	if v.Status == CompleteWithError {
		v.Message = "machines could not be ended in time; it is tried again: " + o.Message
	}
	return v
}

// returnedMachine is a machine that was given back. One that is not known is
// gone; one that could not be ended in time has failed, and goes on being
// ended by another operation.
func returnedMachine(m broker.Machine, r *broker.HostRequest, gone map[string]bool, closed bool) Machine {
	if m.Status == "" || m.Status.Final() || gone[m.ID] {
		m.Status = broker.MachineTerminated
	}
	out := machineOf(&m, r)
	out.Result, out.Status, out.Message = Returned(m.Status), string(m.Status), ""
	if out.MachineID == "" {
		out.MachineID = m.Name
	}
	if out.Name == "" {
		out.Name = m.ID
	}
	if closed && out.Result == Executing {
		out.Result, out.Message = Fail, "its provider could not end it in time; it is tried again"
	}
	return out
}
