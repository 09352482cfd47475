package broker

import (
	"context"
	"time"
)

// Ports of the ledger: operations, their attempts and machines.

// Claim is an operation at its beginning.
type Claim struct {
	Operation Operation
	Decision  Decision
	Attempts  []Attempt  // with state INTENT
	Key       *KeyRecord // nil: the caller sent no idempotency key
	Now       time.Time
}

// Fenced is a new value of an attempt, and the (run, state) that the stored
// one must have.
type Fenced struct {
	Attempt   Attempt
	SeenRun   int
	SeenState AttemptState
}

// Step is one decision about an operation: all of it or nothing.
type Step struct {
	Operation Operation // Version is the one seen; stored with one more
	Changed   []Fenced
	Added     []Attempt
	Tells     []Event      // beside the end of the operation
	Audits    []AuditEvent // what somebody changed by it
	Amends    bool         // the operation had ended before: its end is not told again
}

// Outcome is what a worker learnt. Machines are stored first, in idempotent
// groups, then the attempt flips, with the operation when Closed is set.
type Outcome struct {
	OperationID string
	Attempt     Fenced
	Machines    []Machine  // to store; one whose stored status is final stays as it is
	Closed      *Operation // Version is the one seen
}

// LedgerWriter moves operations. Only ClaimOperation and TakeStep may add to
// what is confirmed or reserved, and they are serialized by the operation's
// version; so machines never exceed the wish.
type LedgerWriter interface {
	// ClaimOperation stores a new operation with decision, attempts and
	// idempotency key. *Conflict with the KeyRecord (the key is taken) or the
	// Operation (the id is).
	ClaimOperation(ctx context.Context, c Claim) error
	// MarkSent stores an attempt as SENT under its fence, before each call that
	// may have an effect. *Conflict with the stored Attempt: do not call.
	MarkSent(ctx context.Context, operationID string, sent Fenced) error
	// RecordOutcome stores what a worker learnt, under the attempt's fence.
	// *Conflict with the stored Attempt or Operation; then nothing but machine
	// records was written.
	RecordOutcome(ctx context.Context, o Outcome) error
	// TakeStep stores a decision. *Conflict with the stored Operation or Attempt.
	TakeStep(ctx context.Context, s Step) error
}

// OperationFilter narrows a list. Empty fields ask for nothing.
type OperationFilter struct {
	Status OperationStatus
	Type   OperationType
}

// OperationReader reads operations.
type OperationReader interface {
	// Ledger returns an operation with its attempts and decision: one query.
	// not_found.
	Ledger(ctx context.Context, id string) (Ledger, error)
	// Operations returns a page, newest first. A page may be short, or empty,
	// while there is a next one.
	Operations(ctx context.Context, f OperationFilter, p Page) ([]Operation, string, error)
}

// OpenReader finds operations that somebody should look at.
type OpenReader interface {
	// OpenOperations returns operations that are [Operation.Due] at or before
	// the time, earliest first: open ones, and requests that have ended and
	// are not seen to yet.
	OpenOperations(ctx context.Context, dueBy time.Time, limit int) ([]Operation, error)
}

// MachineReader reads machines.
type MachineReader interface {
	// Machines returns those of ids that are known, in no order.
	Machines(ctx context.Context, ids []string) ([]Machine, error)
	// OwnedMachines returns machines of a provider that are not in a final
	// status, by id, at most limit.
	OwnedMachines(ctx context.Context, provider string, limit int) ([]Machine, error)
}

// EndedReader reads machines that are no more.
type EndedReader interface {
	// EndedMachines returns machines of a provider that ended at or after
	// since, by the time of their end, at most limit.
	EndedMachines(ctx context.Context, provider string, since time.Time, limit int) ([]Machine, error)
}

// MachineFilter narrows a list. Empty fields ask for nothing.
type MachineFilter struct {
	Provider    string
	Status      MachineStatus
	OperationID string // that made them
}

// MachineLister lists machines, those that have ended too.
type MachineLister interface {
	// ListMachines returns a page, the newest launch first. A page may be
	// short, or empty, while there is a next one. not_found when the operation
	// of the filter is not kept.
	ListMachines(ctx context.Context, f MachineFilter, p Page) ([]Machine, string, error)
}

// MachineWriter keeps what providers say of machines by themselves.
type MachineWriter interface {
	// NoteMachine stores what [Machine.Note] makes of n and the stored
	// machine, and returns the machine as it is stored then. not_found.
	NoteMachine(ctx context.Context, id string, n MachineNote) (Machine, error)
	// AdoptMachine stores a machine of which there is no record, and reports
	// whether it did.
	AdoptMachine(ctx context.Context, m Machine) (bool, error)
}

// UseBook keeps what operations that go on have reserved of limits.
type UseBook interface {
	// Use returns what is reserved in a scope.
	Use(ctx context.Context, scope string) (Use, error)
	// ApplyUse carries w out and returns the use after it. When w's condition
	// does not hold: *Conflict with the stored Use.
	ApplyUse(ctx context.Context, scope string, w UseWrite) (Use, error)
}

// OwnedReader lists the machines of a provider in short.
type OwnedReader interface {
	// Owned returns the machines of a provider that are not in a final status,
	// by id: one query. A machine that was recorded before the call is in it.
	Owned(ctx context.Context, provider string) ([]Owned, error)
}

// LeaseBook keeps which host of a static pool is whose.
type LeaseBook interface {
	// Leases returns the leases of a provider, by host.
	Leases(ctx context.Context, provider string) ([]Lease, error)
	// TakeLease stores l if the stored version is l.Version (0: none), with
	// version + 1. *Conflict with the stored Lease: two callers never get one
	// host.
	TakeLease(ctx context.Context, l Lease) (Lease, error)
	// DropLease frees the host if the machine still holds it; true if it did.
	DropLease(ctx context.Context, provider, host, machineID string) (bool, error)
}
