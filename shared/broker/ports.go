package broker

import (
	"context"
	"fmt"
	"time"
)

// The ports are verbs of the domain. A store carries each out as one
// DynamoDB-shaped call or one transaction of at most 100 items. Errors: a
// look-up that finds nothing is a not_found [fault.Error]; a condition that
// does not hold is a [*Conflict] with the value now stored; a store that
// cannot be reached is store_unavailable. No method keeps what it is given or
// hands out what it keeps.

// Conflict says that the stored value is not the one that the caller saw.
type Conflict struct {
	What    string // "provider \"pool-a\""
	Current any    // the value now stored: Registration, StrategyConfig, Template, Live, Attempt, Operation, KeyRecord, Lease
}

// Error names what is in conflict.
func (c *Conflict) Error() string { return fmt.Sprintf("%s has changed meanwhile", c.What) }

// Page asks for one page of a list. The zero Cursor is the beginning; it stays
// good across restarts.
type Page struct {
	Limit  int
	Cursor string
}

// ProviderReader reads registrations.
type ProviderReader interface {
	// Provider returns the registration by name. not_found.
	Provider(ctx context.Context, name string) (Registration, error)
	// Snapshot returns what selection reads about all providers, with live
	// rows and configuration: two queries, or none when a kept one is handed
	// out. A kept one is good for choosing, where the permit decides in the
	// end; what it lacks may be there, so that nothing is refused by it.
	Snapshot(ctx context.Context) (Snapshot, error)
	// FreshSnapshot is Snapshot, read now: all that was stored before the call
	// is in it.
	FreshSnapshot(ctx context.Context) (Snapshot, error)
}

// ProviderWriter changes registrations.
type ProviderWriter interface {
	// PutProvider stores r if the stored version is r.Version (0: none), and
	// returns it with version + 1 and, when new, the next registration order.
	// What selection reads changes with it in one transaction; health is kept.
	// *Conflict with the stored Registration.
	PutProvider(ctx context.Context, r Registration) (Registration, error)
	// DeleteProvider removes a registration of that version with its live
	// rows, capabilities, health and history. *Conflict; a missing one is no error.
	DeleteProvider(ctx context.Context, name string, version int64) error
}

// ConfigReader reads the configuration.
type ConfigReader interface {
	// StrategyConfig returns the configuration, [DefaultConfig] when nobody
	// has configured the broker: one read, or none when a snapshot is kept. A
	// change is in it as soon as it would be in Snapshot.
	StrategyConfig(ctx context.Context) (StrategyConfig, error)
}

// ConfigWriter changes the configuration.
type ConfigWriter interface {
	// PutConfig stores c if the stored version is c.Version (0: none), and
	// returns it with version + 1. *Conflict with the stored StrategyConfig,
	// [DefaultConfig] when there is none.
	PutConfig(ctx context.Context, c StrategyConfig) (StrategyConfig, error)
}

// HealthRecorder stores what checks found.
type HealthRecorder interface {
	// RecordHealth stores what [Health.Following] makes of h for the provider
	// if it is registered, clears the check in progress, and adds to the
	// history when h is news. It returns what is stored then. not_found. A
	// record older than the stored one is dropped.
	RecordHealth(ctx context.Context, name string, h Health) (Health, error)
	// ClaimCheck takes the check that was due at seen: the next one is due at
	// next, and one is in progress since now. False: another took it.
	ClaimCheck(ctx context.Context, name string, seen, now, next time.Time) (bool, error)
}

// CapabilityBook keeps what providers were seen to offer.
type CapabilityBook interface {
	CapabilityReader
	// RecordCapabilities stores c. A record older than the stored one is
	// dropped.
	RecordCapabilities(ctx context.Context, name string, c Capabilities) error
}

// CapabilityReader reads what providers were seen to offer.
type CapabilityReader interface {
	// Capabilities returns what was recorded of a provider, be it for an
	// earlier registration; the zero value when nothing was.
	Capabilities(ctx context.Context, name string) (Capabilities, error)
}

// HealthHistory reads what checks found, newest first.
type HealthHistory interface {
	HealthHistory(ctx context.Context, name string, since time.Time, limit int) ([]Health, error)
}

// LiveWriter changes a breaker's row.
type LiveWriter interface {
	// ApplyLive carries w out and returns the row after it. When w's condition
	// does not hold: *Conflict with the stored Live.
	ApplyLive(ctx context.Context, key LiveKey, w LiveWrite) (Live, error)
}

// TemplateReader reads templates.
type TemplateReader interface {
	// Template returns one by id. not_found.
	Template(ctx context.Context, id string) (Template, error)
	// Templates returns a page by id, and the next page's cursor, "" at the end.
	Templates(ctx context.Context, p Page) ([]Template, string, error)
}

// TemplateWriter changes templates.
type TemplateWriter interface {
	// PutTemplate stores t if the stored version is t.Version (0: none) and
	// returns it with version + 1. *Conflict with the stored Template.
	PutTemplate(ctx context.Context, t Template) (Template, error)
	// DeleteTemplate removes one. not_found.
	DeleteTemplate(ctx context.Context, id string) error
}

// TicketTaker hands out numbers: 0, 1, 2, … in a scope, each once.
type TicketTaker interface {
	Ticket(ctx context.Context, scope string) (int64, error)
}

// Key is an idempotency key in its scope.
type Key struct {
	Principal string `json:"principal"`
	Operation string `json:"operation"`
	Key       string `json:"key"`
}

// KeyRecord is what an idempotency key was used for.
type KeyRecord struct {
	Key         Key       `json:"key"`
	Hash        string    `json:"hash"`                   // of the canonical body
	OperationID string    `json:"operation_id,omitempty"` // the answer is that operation's record
	Done        bool      `json:"done"`
	Status      int       `json:"status,omitempty"` // the stored answer
	Answer      []byte    `json:"answer,omitempty"`
	LeaseUntil  time.Time `json:"lease_until"` // past it an unfinished claim without an operation is free: its owner died
	ExpiresAt   time.Time `json:"expires_at"`  // by the reader's clock
}

// Keys keeps idempotency keys.
type Keys interface {
	// ReadKey returns the record of k unless it has expired at now; false: none.
	ReadKey(ctx context.Context, k Key, now time.Time) (KeyRecord, bool, error)
	// ClaimKey stores r if there is none, or what is there has expired or
	// been abandoned at now. *Conflict with the stored KeyRecord.
	ClaimKey(ctx context.Context, r KeyRecord, now time.Time) error
	// FinishKey stores the answer of a claim.
	FinishKey(ctx context.Context, r KeyRecord) error
	// DropKey frees a claim whose request was refused.
	DropKey(ctx context.Context, k Key) error
}

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
	// OpenOperations returns open operations due at or before the time,
	// earliest first.
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

// MetricWriter counts. What it writes a power cut may lose.
type MetricWriter interface {
	// AddMetric adds r to the row of its key, and makes it where there is none.
	// A row that has expired may be added to. A write that is repeated because
	// its answer was lost counts once, unless another came in between.
	AddMetric(ctx context.Context, r MetricRow) error
}

// MetricReader reads counters.
type MetricReader interface {
	// MetricRows returns the rows of a range that have not expired, by key: one
	// query.
	MetricRows(ctx context.Context, r MetricRange) ([]MetricRow, error)
}

// MetricRoller keeps what the tick makes of counters.
type MetricRoller interface {
	// PutMetric stores r in the place of what is there.
	PutMetric(ctx context.Context, r MetricRow) error
	// PutDigest stores what snapshots say was measured of a provider. One that
	// is older than what is stored is dropped, and so is one of a provider that
	// is not registered.
	PutDigest(ctx context.Context, provider string, d Digest) error
}

// MetaReader identifies the broker.
type MetaReader interface {
	Meta(ctx context.Context) (Meta, error)
}
