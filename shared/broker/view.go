package broker

import (
	"encoding/json"
	"time"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// OperationView is an operation as the API shows it: no specification, no
// user data.
type OperationView struct {
	ID         string          `json:"operation_id" doc:"The operation."`
	Status     OperationStatus `json:"status" doc:"Where it stands."`
	Provider   string          `json:"provider_name,omitempty" doc:"The provider that carried it out, or most of it."`
	Type       OperationType   `json:"operation_type" doc:"What was to be done."`
	Result     *ResultView     `json:"result,omitempty" doc:"What came of it, by operation type."`
	Attempts   []AttemptView   `json:"attempts" doc:"One per try at a provider, in order."`
	Selection  SelectionView   `json:"selection" doc:"Why it went where it went."`
	Message    string          `json:"message,omitempty" doc:"Why it is short of the wish."`
	Code       fault.Code      `json:"code,omitempty" doc:"The error code of a failed operation."`
	DurationMS int64           `json:"duration_ms" doc:"From acceptance to the end, in ms; 0 while running."`
	CreatedAt  Time            `json:"created_at" doc:"When it was accepted."`
	EndedAt    *Time           `json:"ended_at,omitempty" doc:"When it ended."`
	Deadline   Time            `json:"deadline" doc:"Nothing new is started after this."`
	Actor      Actor           `json:"actor" doc:"Who asked."`

	CancelledAt *Time  `json:"cancelled_at,omitempty" doc:"When its cancellation was asked for."`
	CancelledBy *Actor `json:"cancelled_by,omitempty" doc:"By whom."`
}

// ResultView is what came of an operation.
type ResultView struct {
	Requested  *int `json:"requested,omitempty" doc:"Machines asked for; absent where it were units."`
	Created    *int `json:"created,omitempty" doc:"Machines made."`
	Terminated *int `json:"terminated,omitempty" doc:"Machines that are gone."`

	RequestedUnits *int            `json:"requested_units,omitempty" doc:"Units asked for; absent where it were machines."`
	CreatedUnits   *int            `json:"created_units,omitempty" doc:"Units that the machines made are worth; the last machine may bring more than was asked for."`
	Machines       []MachineView   `json:"machines,omitempty" doc:"The machines."`
	Results        []MachineResult `json:"results,omitempty" doc:"Per machine of a termination: gone, or why not."`
	*HealthResult
	*ValidationResult
	*TemplatesResult
}

// HealthResult is what a health check found.
type HealthResult struct {
	IsHealthy      bool    `json:"is_healthy" doc:"Whether the provider answers."`
	StatusMessage  string  `json:"status_message" doc:"In words."`
	ResponseTimeMS int64   `json:"response_time_ms" doc:"How long the check took, in ms."`
	Checks         []Check `json:"checks" doc:"What was looked at."`
}

// MachineView is a machine as the API shows it.
type MachineView struct {
	ID           string        `json:"machine_id"`
	Name         string        `json:"name"`
	Provider     string        `json:"provider_name"`
	Status       MachineStatus `json:"status"`
	Message      string        `json:"message,omitempty"`
	PrivateIP    string        `json:"private_ip,omitempty"`
	PublicIP     string        `json:"public_ip,omitempty"`
	InstanceType string        `json:"instance_type,omitempty"`
	Zone         string        `json:"zone,omitempty"`
	LaunchTime   Time          `json:"launch_time"`
}

// AttemptView is an attempt as the API shows it.
type AttemptView struct {
	Provider   string       `json:"provider_name"`
	Outcome    AttemptState `json:"outcome"`
	Class      fault.Class  `json:"class,omitempty"`
	Code       string       `json:"code,omitempty"`
	Message    string       `json:"message,omitempty"`
	Count      int          `json:"count"` // asked for: machines, or units
	Machines   int          `json:"machines"`
	Units      int          `json:"units,omitempty"`  // that its machines are worth, where units were asked for
	Undoes     int          `json:"undoes,omitempty"` // number of the attempt whose machines this one gave back
	Tries      int          `json:"tries"`
	StartedAt  Time         `json:"started_at"`
	DurationMS int64        `json:"duration_ms"`
}

// SelectionView is why an operation went where it went.
type SelectionView struct {
	Policy Policy   `json:"policy,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Ranked []string `json:"ranked"`
}

// Time is a time on the wire: RFC 3339, UTC, milliseconds.
type Time struct{ time.Time }

const wireTime = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes t in UTC with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.UTC().Format(wireTime)) }

// UnmarshalJSON reads any RFC 3339 time.
func (t *Time) UnmarshalJSON(b []byte) error { return t.Time.UnmarshalJSON(b) }

// AtTime returns t for the wire, or nil for the zero time.
func AtTime(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// View returns l as the API shows it.
func (l *Ledger) View() OperationView {
	op := &l.Operation
	v := OperationView{
		ID: op.ID, Status: op.Status, Type: op.Type, Message: op.Message, Code: op.Code, Actor: op.Actor,
		CreatedAt: Time{op.CreatedAt}, EndedAt: AtTime(op.EndedAt), Deadline: Time{op.Deadline},
		Attempts:  make([]AttemptView, 0, len(l.Attempts)),
		Selection: SelectionView{Policy: op.Policy, Reason: op.Reason, Ranked: []string{}},
		Provider:  l.mainProvider(),
		Result:    l.result(),
	}
	if !op.EndedAt.IsZero() {
		v.DurationMS = op.EndedAt.Sub(op.CreatedAt).Milliseconds()
	}
	if c := op.Cancelled; c != nil {
		v.CancelledAt, v.CancelledBy = AtTime(c.At), &c.Actor
	}
	for _, c := range op.Candidates {
		v.Selection.Ranked = append(v.Selection.Ranked, c.Provider)
	}
	for i := range l.Attempts {
		a := l.Attempts[i].view()
		if !op.Type.OfMachines() {
			a.Count, a.Machines = 0, 0
		}
		v.Attempts = append(v.Attempts, a)
	}
	return v
}

// mainProvider is the provider with the largest share; the first tried when
// nobody has one.
func (l *Ledger) mainProvider() string {
	best, most := "", -1
	for i := range l.Attempts {
		if a := &l.Attempts[i]; a.Confirmed > most && a.Undoes == 0 {
			best, most = a.Provider, a.Confirmed
		}
	}
	return best
}

func (a *Attempt) view() AttemptView {
	v := AttemptView{
		Provider: a.Provider, Outcome: a.State, Class: a.Class, Code: a.Code, Message: a.Message,
		Count: a.Count, Machines: a.Confirmed, Undoes: a.Undoes, Tries: a.Tries, StartedAt: Time{a.CreatedAt},
	}
	if a.Spec != nil && a.Spec.InUnits {
		v.Machines, v.Units = len(a.Machines), a.Confirmed
	}
	if !a.EndedAt.IsZero() {
		v.DurationMS = a.EndedAt.Sub(a.CreatedAt).Milliseconds()
	}
	return v
}

func (l *Ledger) result() *ResultView {
	switch l.Operation.Type {
	case CreateInstances:
		return l.created()
	case TerminateInstances:
		return l.terminations()
	case GetInstanceStatus:
		return &ResultView{Machines: l.machines()}
	case HealthCheck, ValidateTemplate, GetAvailableTemplates:
		return l.answer()
	}
	return nil
}

// created is what came of a create, in what it was asked in.
func (l *Ledger) created() *ResultView {
	worth := l.Standing()
	r := &ResultView{Requested: &l.Operation.Wanted, Created: &worth, Machines: l.machines()}
	if l.Operation.InUnits {
		n := l.standing()
		r.Requested, r.RequestedUnits, r.Created, r.CreatedUnits = nil, &l.Operation.Wanted, &n, &worth
	}
	return r
}

// answer is what came of a question; nil when nothing did, or when its record
// is none.
func (l *Ledger) answer() *ResultView {
	out := l.Operation.Output
	for i := range l.Attempts {
		if o := l.Attempts[i].Output; o != nil {
			out = o
		}
	}
	r := ResultView{}
	var into any
	switch l.Operation.Type {
	case HealthCheck:
		r.HealthResult = new(HealthResult)
		into = r.HealthResult
	case ValidateTemplate:
		r.ValidationResult = new(ValidationResult)
		into = r.ValidationResult
	default:
		r.TemplatesResult = new(TemplatesResult)
		into = r.TemplatesResult
	}
	if json.Unmarshal(out, into) != nil {
		return nil
	}
	return &r
}

func (l *Ledger) terminations() *ResultView {
	r := &ResultView{Results: append([]MachineResult{}, l.Operation.Strays...)}
	for i := range l.Attempts {
		a := &l.Attempts[i]
		if len(a.Results) > 0 {
			r.Results = append(r.Results, a.Results...)
			continue
		}
		for _, id := range a.MachineIDs {
			r.Results = append(r.Results, MachineResult{MachineID: id, Provider: a.Provider, Message: a.Message})
		}
	}
	gone := 0
	for _, m := range r.Results {
		if m.Terminated {
			gone++
		}
	}
	r.Terminated = &gone
	return r
}

func (l *Ledger) machines() []MachineView {
	all := []MachineView{}
	gone := l.givenBack()
	for i := range l.Attempts {
		for _, m := range l.Attempts[i].Machines {
			if gone[m.ID] {
				m.Status, m.Message = MachineTerminated, "given back: there were fewer than wanted"
			}
			all = append(all, m.View())
		}
	}
	return all
}

// givenBack is which machines attempts have given back.
func (l *Ledger) givenBack() map[string]bool {
	gone := map[string]bool{}
	for i := range l.Attempts {
		a := &l.Attempts[i]
		for _, r := range a.Results {
			if a.Undoes > 0 && r.Terminated {
				gone[r.MachineID] = true
			}
		}
	}
	return gone
}

// Standing is how much the attempts are known to have made, in machines or
// units, without what was given back; or, of a termination, have ended.
func (l *Ledger) Standing() int {
	n := 0
	for i := range l.Attempts {
		if a := &l.Attempts[i]; a.Undoes > 0 {
			n -= l.undone(a)
		} else {
			n += a.Confirmed
		}
	}
	return n
}

// View returns m as the API shows it.
func (m Machine) View() MachineView {
	return MachineView{
		ID: m.ID, Name: m.Name, Provider: m.Provider, Status: m.Status, Message: m.Message,
		PrivateIP: m.PrivateIP, PublicIP: m.PublicIP, InstanceType: m.InstanceType, Zone: m.Zone,
		LaunchTime: Time{m.LaunchTime},
	}
}
