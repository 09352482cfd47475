package fulfilment

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// undoFor is how long machines are given back before the operation ends with
// those that could not be: as long as a termination.
const undoFor = 15 * time.Minute

// giveBack begins to terminate what was made, by one attempt for each that made
// machines. Every one of those is settled: what it made is all that its token
// will ever have made. From here on nothing is made, and the operation has the
// time of a termination.
func (s *settling) giveBack() Decision {
	op := &s.ledger.Operation
	op.GivingBack, op.Status, op.Code = true, broker.OpRunning, ""
	op.Message = "there were fewer machines than wanted; they are being given back"
	if until := s.now.Add(undoFor); until.After(op.Deadline) {
		op.Deadline = until
	}
	for _, a := range s.ledger.Attempts {
		if a.Confirmed == 0 {
			continue
		}
		undo := NewAttempt(op, len(s.ledger.Attempts)+1, broker.Candidate{
			Provider: a.Provider, Kind: a.Kind, MachineIDs: idsOf(a.Machines),
		}, len(a.Machines), s.now)
		undo.Undoes = a.N
		s.added, s.ledger.Attempts = append(s.added, undo), append(s.ledger.Attempts, undo)
	}
	return s.next()
}

func idsOf(machines []broker.Machine) []string {
	ids := make([]string, len(machines))
	for i, m := range machines {
		ids[i] = m.ID
	}
	return ids
}
