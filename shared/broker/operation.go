package broker

import (
	"encoding/json"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// OperationType is what is to be done.
type OperationType string

// The types.
const (
	CreateInstances       OperationType = "CREATE_INSTANCES"
	TerminateInstances    OperationType = "TERMINATE_INSTANCES"
	GetInstanceStatus     OperationType = "GET_INSTANCE_STATUS"
	ValidateTemplate      OperationType = "VALIDATE_TEMPLATE"
	GetAvailableTemplates OperationType = "GET_AVAILABLE_TEMPLATES"
	HealthCheck           OperationType = "HEALTH_CHECK"
)

// Values lists the types.
func (OperationType) Values() []string {
	return []string{
		string(CreateInstances), string(TerminateInstances), string(GetInstanceStatus),
		string(ValidateTemplate), string(GetAvailableTemplates), string(HealthCheck),
	}
}

// OfMachines reports whether an operation of this type is about machines.
func (t OperationType) OfMachines() bool { return t.Mutates() || t == GetInstanceStatus }

// Mutates reports whether an operation of this type changes machines.
func (t OperationType) Mutates() bool { return t == CreateInstances || t == TerminateInstances }

// BreakerClass is the class of breaker that guards the type.
func (t OperationType) BreakerClass() string {
	if t.Mutates() {
		return ClassMutate
	}
	return ClassRead
}

// OperationStatus is where an operation is.
type OperationStatus string

// The statuses. Running and OutcomeUnknown are open; the others are final.
const (
	OpRunning   OperationStatus = "RUNNING"
	OpSucceeded OperationStatus = "SUCCEEDED"
	OpPartial   OperationStatus = "PARTIAL"
	OpFailed    OperationStatus = "FAILED"
	OpUnknown   OperationStatus = "UNKNOWN" // past its deadline with an attempt whose outcome is not known
	OpCancelled OperationStatus = "CANCELLED"
)

// Values lists the statuses.
func (OperationStatus) Values() []string {
	return []string{string(OpRunning), string(OpSucceeded), string(OpPartial), string(OpFailed), string(OpUnknown), string(OpCancelled)}
}

// Open reports whether the operation may still change.
func (s OperationStatus) Open() bool { return s == OpRunning || s == OpUnknown }

// Candidate is a provider that may carry an operation out, in ranked order,
// or the owner of some machines with their ids.
type Candidate struct {
	Provider   string      `json:"provider_name"`
	Kind       string      `json:"provider_type"`
	Spec       *CreateSpec `json:"spec,omitempty"`        // create: token, attempt and count are set with the attempt
	Most       int         `json:"most,omitempty"`        // create: what it may be asked for at once; 0: all
	MachineIDs []string    `json:"machine_ids,omitempty"` // terminate, status
	NotBefore  time.Time   `json:"not_before,omitzero"`   // nothing is asked of it earlier

	Blocked []string `json:"blocked,omitempty"` // create: what it was out of and may have again, which one caller at a time tries
	Waived  bool     `json:"waived,omitempty"`  // create: that is no matter: it was named, or nobody else was left
}

// Cancellation is who wanted an operation no more, and when.
type Cancellation struct {
	At    time.Time `json:"at"`
	Actor Actor     `json:"actor"`
}

// Operation is one executeProviderOperation: what was wished, for whom, until
// when, and how it stands. The attempts beside it are the ledger.
type Operation struct {
	ID         string            `json:"operation_id"`
	Type       OperationType     `json:"operation_type"`
	Status     OperationStatus   `json:"status"`
	Wanted     int               `json:"wanted"`                   // machines to make, or to act on
	InUnits    bool              `json:"in_units,omitempty"`       // create: Wanted, MinCount and what attempts count are units
	MinCount   int               `json:"min_count,omitempty"`      // create: enough to stop at; 0: all
	Whole      bool              `json:"all_or_nothing,omitempty"` // create: less than enough is given back
	GivingBack bool              `json:"giving_back,omitempty"`    // that has begun: nothing is made any more
	TemplateID string            `json:"template_id,omitempty"`
	Limited    bool              `json:"limited,omitempty"` // create: it has reserved of the template's max_number until it ends
	Candidates []Candidate       `json:"candidates"`
	Strays     []MachineResult   `json:"strays,omitempty"` // machine ids that need no attempt: unknown, or gone already
	Filter     *TemplateFilter   `json:"filter,omitempty"` // templates
	Output     json.RawMessage   `json:"output,omitempty"` // what came of it where no provider had to be asked
	Override   bool              `json:"override,omitempty"`
	RetryCount int               `json:"retry_count"`
	Async      bool              `json:"async,omitempty"`
	Deadline   time.Time         `json:"deadline"`
	CreatedAt  time.Time         `json:"created_at"`
	EndedAt    time.Time         `json:"ended_at"`
	DueAt      time.Time         `json:"due_at"` // when somebody should look, if nobody has moved it by then
	Resumes    int               `json:"resumes,omitempty"`
	Code       fault.Code        `json:"code,omitempty"` // of a failed operation
	Message    string            `json:"message,omitempty"`
	Context    map[string]string `json:"context,omitempty"`
	Policy     Policy            `json:"policy,omitempty"`
	Reason     string            `json:"reason,omitempty"` // why the first candidate was picked
	Actor      Actor             `json:"actor"`
	Request    *HostRequest      `json:"request,omitempty"`   // nil: no scheduler asked for it
	Cancelled  *Cancellation     `json:"cancelled,omitempty"` // it is wanted no more: nothing new is sent for it
	Version    int64             `json:"version"`             // one more at each Step
}

// Enough is how many machines fulfil the wish.
func (o *Operation) Enough() int {
	if o.MinCount > 0 {
		return o.MinCount
	}
	return o.Wanted
}

// AttemptState is what is known of an attempt's effect.
type AttemptState string

// The states: INTENT → SENT → CONFIRMED | NONE | UNKNOWN. Intent is stored
// before the call and Sent just before the write, so that a crash anywhere
// leaves a record that is never too optimistic.
const (
	Intent        AttemptState = "INTENT"
	Sent          AttemptState = "SENT"
	Confirmed     AttemptState = "CONFIRMED"
	NoEffect      AttemptState = "NONE"
	UnknownEffect AttemptState = "UNKNOWN"
)

// Reserves reports whether machines of the attempt may exist or come to exist
// although none is confirmed: they must not be asked for elsewhere.
func (s AttemptState) Reserves() bool { return s == Intent || s == Sent || s == UnknownEffect }

// Attempt is one try at one provider. (N, Run) is its fence: whoever holds an
// older run can neither send nor record.
type Attempt struct {
	N            int             `json:"attempt"` // from 1
	Run          int             `json:"run"`     // from 1; one more each time it is handed to another worker
	Provider     string          `json:"provider_name"`
	Kind         string          `json:"provider_type"`
	Count        int             `json:"count"`
	Spec         *CreateSpec     `json:"spec,omitempty"`
	MachineIDs   []string        `json:"machine_ids,omitempty"`
	Undoes       int             `json:"undoes,omitempty"` // attempt whose machines this one gives back; 0: none
	Token        string          `json:"token"`
	State        AttemptState    `json:"state"`
	Recorded     int             `json:"recorded,omitempty"` // run of the worker that left it open and told what it knows
	Tries        int             `json:"tries"`              // calls that were made or refused
	Confirmed    int             `json:"confirmed"`
	Machines     []Machine       `json:"machines,omitempty"`
	Results      []MachineResult `json:"results,omitempty"`
	Output       json.RawMessage `json:"output,omitempty"` // of an operation without machines
	Class        fault.Class     `json:"class,omitempty"`
	Code         string          `json:"code,omitempty"` // the vendor's
	Message      string          `json:"message,omitempty"`
	Continuation json.RawMessage `json:"continuation,omitempty"` // accepted and still filling: what to poll with
	NotBefore    time.Time       `json:"not_before"`             // no call before this
	LookedAt     time.Time       `json:"looked_at"`              // a look-up by token was answered at this time; zero: none was
	Found        int             `json:"found,omitempty"`        // and saw so many machines
	CreatedAt    time.Time       `json:"created_at"`
	SentAt       time.Time       `json:"sent_at"`
	SendBy       time.Time       `json:"send_by"` // no call of this attempt leaves later
	EndedAt      time.Time       `json:"ended_at"`
}

// Candidate returns the candidate of that name, or nil.
func (o *Operation) Candidate(provider string) *Candidate {
	for i := range o.Candidates {
		if o.Candidates[i].Provider == provider {
			return &o.Candidates[i]
		}
	}
	return nil
}

// Ledger is an operation with its attempts, read together.
type Ledger struct {
	Operation Operation `json:"operation"`
	Attempts  []Attempt `json:"attempts"` // by N
	Decision  *Decision `json:"decision,omitempty"`
}

// Attempt returns attempt n, or nil.
func (l *Ledger) Attempt(n int) *Attempt {
	for i := range l.Attempts {
		if l.Attempts[i].N == n {
			return &l.Attempts[i]
		}
	}
	return nil
}

// Decision is why an operation went where it went: enough to take the same
// decision again, bit for bit.
type Decision struct {
	Policy      Policy    `json:"policy"`
	Criteria    Criteria  `json:"criteria"`
	Ticket      int64     `json:"ticket"`
	TakenAt     time.Time `json:"taken_at"`
	Snapshot    string    `json:"snapshot_version"` // hash of what was read
	Seed        string    `json:"seed,omitempty"`   // what chance was drawn from
	AffinityKey string    `json:"affinity_key,omitempty"`
	Origin      Origin    `json:"origin,omitzero"`
	Ranked      []string  `json:"ranked"`
	Verdicts    []Verdict `json:"verdicts"`

	Evidence json.RawMessage `json:"evidence,omitempty"` // what the decision read beside this; for selection.Replay
}

// Verdict is what a selection made of one provider.
type Verdict struct {
	Provider  string `json:"provider_name"`
	Rank      int    `json:"rank,omitempty"` // from 1; 0: refused
	Rule      string `json:"rule,omitempty"` // that refused it
	Value     string `json:"value,omitempty"`
	Threshold string `json:"threshold,omitempty"`
	DataAgeMS int64  `json:"data_age_ms,omitempty"`
	Detail    string `json:"detail,omitempty"`
}
