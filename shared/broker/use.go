package broker

import (
	"maps"
	"time"
)

// Hold is what one operation has reserved of a limit: the machines that it has,
// and those that it may make and that may not be recorded yet.
type Hold struct {
	Count int       `json:"count"`
	Run   int       `json:"run,omitempty"` // of the attempt whose worker took it
	Since time.Time `json:"since"`
}

// Use is what is reserved of a limit by operations that go on. Machines that
// are recorded count beside it, so that nothing has to be taken back when one
// ends. Its zero value is a limit of which nothing is reserved. It is changed by
// [UseWrite] only.
type Use struct {
	Holds map[string]Hold `json:"holds,omitempty"` // by operation
	Ends  int64           `json:"ends,omitempty"`  // holds that have ended: who counted before one did counts again
}

// Reserved is how much all operations but one hold.
func (u *Use) Reserved(but string) int {
	n := 0
	for operation, h := range u.Holds {
		if operation != but {
			n += h.Count
		}
	}
	return n
}

// UseKind is one of the ways in which a use changes.
type UseKind string

// The kinds, each one conditional write.
const (
	UseReserve UseKind = "reserve" // if Ends is as seen and there is room for Least: what an operation holds is what there is room for, at most Count
	UseRelease UseKind = "release" // if the operation holds what the writer saw: it holds nothing
)

// UseWrite is one conditional change of a use. Which fields count depends on
// Kind.
type UseWrite struct {
	Kind      UseKind
	Operation string
	Hold      Hold  // to have, Count at most: reserve; as seen: release
	Least     int   // what there must be room for, at least 1: reserve
	Room      int   // the limit without the machines that exist, of operations that hold nothing: reserve
	Ends      int64 // as seen when those were counted: reserve
}

// Apply returns u after w, and whether w's condition held; when it did not, u
// comes back unchanged.
//
// Why a limit is kept: a hold ends after its machines are recorded. If no hold
// has ended since the count began, each machine that exists is in the count or
// of an operation that still holds it.
func (w UseWrite) Apply(u Use) (Use, bool) {
	old, held := u.Holds[w.Operation]
	u.Holds = maps.Clone(u.Holds)
	switch w.Kind {
	case UseReserve:
		free := w.Room - u.Reserved(w.Operation)
		if u.Ends != w.Ends || free < max(w.Least, 1) {
			return u, false
		}
		if u.Holds == nil {
			u.Holds = map[string]Hold{}
		}
		h := w.Hold
		h.Count = min(h.Count, free)
		u.Holds[w.Operation] = h
		return u, true
	case UseRelease:
		if !held || old.Count != w.Hold.Count || old.Run != w.Hold.Run || !old.Since.Equal(w.Hold.Since) {
			return u, false
		}
		delete(u.Holds, w.Operation)
		u.Ends++
		return u, true
	}
	return u, false
}

// Owned is a machine that is not in a final status, as its owner's list has it.
type Owned struct {
	MachineID   string `json:"machine_id"`
	OperationID string `json:"operation_id,omitempty"` // that made it
	TemplateID  string `json:"template_id,omitempty"`  // that it was made from
}
