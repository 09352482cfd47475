package fulfilment

import (
	"fmt"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Bounds of a search for machines that nobody has recorded.
const (
	// SweepAge is how old a machine must be before the sweeper touches it: a
	// worker that still holds it has recorded it by then.
	SweepAge = 30 * time.Minute
	// UnknownFor is how long an outcome must have been unknown before the
	// sweeper settles it: twice the longest operation.
	UnknownFor = 2 * (time.Hour + broker.ExecutionGrace)
)

// SweepLimit is how much one search may change at a provider with so many
// machines: a mistake of ours, or a credential of somebody else's account, ends
// few of them.
func SweepLimit(machines int) int { return max(5, machines/20) }

// Sighting is a machine that a provider shows with this broker's tag, with what
// is recorded. The ledger was read before the record: what an operation has
// made is recorded before it ends.
type Sighting struct {
	Machine broker.Machine
	Ledger  *broker.Ledger  // of the operation in its tags; nil: none is kept
	Record  *broker.Machine // nil: none
}

// Judge says what becomes of a machine that is there: "" of one that is as it
// is recorded. recovering is the time after a restore, when what is not recorded
// may be as good as what is.
func Judge(s Sighting, recovering bool, now time.Time) (broker.StrayFate, string) {
	switch {
	case s.Record != nil && !s.Record.Status.Final():
		return "", ""
	case s.Machine.LaunchTime.IsZero():
		return broker.StrayLeft, "the provider does not say when it was launched"
	case now.Sub(s.Machine.LaunchTime) < SweepAge:
		return broker.StrayLeft, "it is younger than 30 minutes"
	case s.Record != nil:
		return ended(s.Record, recovering, now)
	case s.Ledger != nil && s.Ledger.Operation.Status.Open():
		return expected(s, now)
	case recovering:
		return broker.StrayAdopt, "the broker recovers: what it finds it records"
	case s.Ledger == nil:
		return broker.StrayTerminate, "its operation is not known"
	default:
		return broker.StrayTerminate, fmt.Sprintf("its operation ended without it, %s", s.Ledger.Operation.Status)
	}
}

// ended is a machine that exists although its record says that it does not.
func ended(record *broker.Machine, recovering bool, now time.Time) (broker.StrayFate, string) {
	switch {
	case recovering:
		return broker.StrayLeft, fmt.Sprintf("its record says %s; nothing is terminated while the broker recovers", record.Status)
	case now.Sub(record.UpdatedAt) < SweepAge:
		return broker.StrayLeft, fmt.Sprintf("its record says %s since less than 30 minutes", record.Status)
	default:
		return broker.StrayTerminate, fmt.Sprintf("its record says %s", record.Status)
	}
}

// expected is a machine of an operation that is open: its workers record it, or
// find out what they did. Where they could not for long the sweeper settles it.
func expected(s Sighting, now time.Time) (broker.StrayFate, string) {
	a := s.Ledger.Attempt(s.Machine.Attempt)
	switch {
	case a == nil || a.State != broker.UnknownEffect:
		return broker.StrayLeft, "its operation is open"
	case now.Sub(a.SentAt) < UnknownFor:
		return broker.StrayLeft, "its operation is finding out what was made"
	default:
		return broker.StrayAdopt, "its operation waits for it, and could not find it"
	}
}

// Missing reports whether a machine that is recorded as open, and that its
// provider does not show, may be noted as gone. Operations that are open and
// end it will say so themselves.
func Missing(m *broker.Machine, open []broker.Operation, now time.Time) bool {
	if now.Sub(m.LaunchTime) < SweepAge || now.Sub(m.UpdatedAt) < SweepAge {
		return false
	}
	return !Ending(open, m)
}

// Ending reports whether one of the operations that are open ends the machine.
func Ending(open []broker.Operation, m *broker.Machine) bool {
	return slices.ContainsFunc(open, func(o broker.Operation) bool { return ending(&o, m) })
}

func ending(o *broker.Operation, m *broker.Machine) bool {
	if o.GivingBack {
		return o.ID == m.OperationID
	}
	return o.Type == broker.TerminateInstances && slices.ContainsFunc(o.Candidates, func(c broker.Candidate) bool {
		return slices.Contains(c.MachineIDs, m.ID)
	})
}
