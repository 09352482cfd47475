package providertest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Fault is what a provider does to the calls made to it.
type Fault string

// The faults. Working is none.
const (
	Working      Fault = ""
	Throttled    Fault = "throttled"      // every call is refused with THROTTLE and a hint of when to come back
	Unauthorized Fault = "unauthorized"   // every call is refused with AUTH
	LateFailure  Fault = "late failure"   // creations are accepted, and fail for want of capacity when polled
	Hanging      Fault = "hanging"        // creations get no answer, and have no effect
	LostReply    Fault = "lost reply"     // creations have their effect, and the answer is lost
	CutReply     Fault = "cut reply"      // creations have a part of their effect, and the answer breaks off
	Unreachable  Fault = "unreachable"    // no request leaves
	Blind        Fault = "failing lookup" // look-ups by token and by id fail
)

// Faults returns every fault but Working.
func Faults() []Fault {
	return []Fault{Throttled, Unauthorized, LateFailure, Hanging, LostReply, CutReply, Unreachable, Blind}
}

// always returns the faults that every provider has: there is no kind of which
// an answer cannot be lost.
func always() []Fault { return []Fault{Hanging, LostReply, CutReply, Unreachable, Blind} }

// Double is the provider behind a driver, as a test sees and moves it.
type Double interface {
	// Free makes room for exactly n more machines.
	Free(n int)
	// Set puts a fault on all calls from now on; Working takes it away.
	Set(f Fault)
	// Exist returns the ids of the machines that exist now, one for each, in
	// any order: a machine made twice shows.
	Exist() []string
	// Vanish takes a machine away without anybody having asked.
	Vanish(id string)
	// Record tells the double what the broker has recorded: some drivers read
	// the broker's own records.
	Record(machines []broker.Machine)
	// Pass lets time pass for the provider.
	Pass(d time.Duration)
}

// Subject is a driver with the double behind it, as new.
type Subject struct {
	Driver   providers.Driver
	Double   Double
	Provider string                  // name of the registration
	Template broker.ResolvedTemplate // of which machines can be made
	Misfit   broker.ResolvedTemplate // of which none can
}

// Harness makes subjects of one kind of provider.
type Harness struct {
	// New makes a provider with room for ten machines or more and no fault.
	New func(t testing.TB) Subject
	// NotApplicable are faults that this kind of provider cannot have, with
	// the reason.
	NotApplicable map[Fault]string
}

// Case is one sentence of the specification.
type Case struct {
	Name  string
	Needs Fault // Working: none
	Run   func(t testing.TB, s Subject)
}

// Cases returns the specification.
func Cases() []Case {
	var all []Case
	for _, part := range [][]Case{creating(), replaying(), failing(), ambiguous(), terminating(), reading()} {
		all = append(all, part...)
	}
	return all
}

// Run holds a driver against every case.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for f, reason := range h.NotApplicable {
		if reason == "" {
			t.Errorf("fault %q is declared not applicable without a reason", f)
		}
		for _, must := range always() {
			if f == must {
				t.Errorf("fault %q applies to every provider", f)
			}
		}
	}
	for _, c := range Cases() {
		t.Run(c.Name, func(t *testing.T) {
			if reason := h.NotApplicable[c.Needs]; reason != "" {
				t.Skipf("%s does not apply: %s", c.Needs, reason)
			}
			c.Run(t, h.New(t))
		})
	}
}
