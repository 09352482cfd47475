package broker

import "time"

// HostRequest is what makes an operation the request of a scheduler: a create
// for machines that it wants, a termination for those that it gives back. Its
// answer becomes final once, and is never another after that.
type HostRequest struct {
	Instance    string            `json:"host_provider,omitempty"` // of the scheduler; "" for one without a name
	Account     string            `json:"rc_account,omitempty"`    // of LSF
	Partial     string            `json:"partial_status,omitempty"`
	PriceType   string            `json:"price_type,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`    // of the machines, as the scheduler is shown them
	Returns     []Machine         `json:"returns,omitempty"` // a return: the machines as they were known; no status: unknown
	Parts       []string          `json:"parts,omitempty"`   // a large return: the operations that hold the rest of it
	ClaimWithin time.Duration     `json:"claim_within,omitempty"`
	ClosedAt    time.Time         `json:"closed_at,omitzero"`     // when the answer became final
	Late        []int             `json:"late,omitempty"`         // attempts whose outcome was open then: they are no part of it
	ClaimedAt   time.Time         `json:"claimed_at,omitzero"`    // when the final answer was first read
	TakenBackAt time.Time         `json:"taken_back_at,omitzero"` // when it was given up that somebody would read it
	TidiedAt    time.Time         `json:"tidied_at,omitzero"`     // when what nobody was handed had been seen to
}

// Watched reports whether a request that has ended needs to be looked at:
// machines of it may be nobody's, or nobody has read its answer yet.
func (o *Operation) Watched() bool {
	r := o.Request
	switch {
	case r == nil || o.Status.Open():
		return false
	case r.TidiedAt.IsZero():
		return true
	}
	return o.Type == CreateInstances && r.ClaimedAt.IsZero() && r.TakenBackAt.IsZero()
}

// Due reports whether somebody should look at the operation at its DueAt.
func (o *Operation) Due() bool { return o.Status.Open() || o.Watched() }

// HostProvider is an instance of a scheduler's plug-in: what it may see, and
// how its requests are carried out.
type HostProvider struct {
	Name       string    `json:"name"`
	Scheduler  string    `json:"dialect"`
	Templates  []string  `json:"templates,omitempty"` // nil: all
	Criteria   *Criteria `json:"selection_criteria,omitempty"`
	AccountTag string    `json:"account_tag,omitempty"` // tag that holds the account of LSF
	Version    int64     `json:"version"`
	UpdatedAt  time.Time `json:"updated_at"`
	Actor      Actor     `json:"actor"`
}

// Sees reports whether the instance may ask for machines of the template. An
// instance that nobody registered may ask for all.
func (h *HostProvider) Sees(template string) bool {
	if h.Templates == nil {
		return true
	}
	for _, t := range h.Templates {
		if t == template {
			return true
		}
	}
	return false
}

// Returned are the machines that a termination is known to have ended, or to
// have found gone.
func (l *Ledger) Returned() map[string]bool {
	gone := map[string]bool{}
	for i := range l.Attempts {
		for _, r := range l.Attempts[i].Results {
			gone[r.MachineID] = gone[r.MachineID] || r.Terminated
		}
	}
	for _, r := range l.Operation.Strays {
		gone[r.MachineID] = gone[r.MachineID] || r.Terminated
	}
	return gone
}

// OfAnother reports whether a machine that was asked for by one instance of a
// scheduler is none of another's. Where either has no name it may be.
func OfAnother(asked, instance string) bool {
	return asked != "" && instance != "" && asked != instance
}

// Reclaim is a machine that its provider takes back, or has lost.
type Reclaim struct {
	MachineID string    `json:"machine_id"`
	Name      string    `json:"name"`
	Instance  string    `json:"host_provider,omitempty"`
	At        time.Time `json:"at"` // when it goes, or went
}

// ReclaimedFor is how long a lost machine is reported: to a scheduler that does
// not name the machines that it has, and to one that does. That one may have
// been down for days.
const (
	ReclaimedFor      = 24 * time.Hour
	ReclaimedForNamed = 8 * 24 * time.Hour
)

// Reclaimed says that the provider takes the machine back, or has lost it;
// false when it does not, when the broker has ended the machine itself, and
// when its scheduler has given it back.
func (m *Machine) Reclaimed() (Reclaim, bool) {
	at := m.ReclaimAt
	switch {
	case !m.ReturnedAt.IsZero() || m.Status == MachineTerminated || m.Status != MachineLost && at.IsZero():
		return Reclaim{}, false
	case at.IsZero():
		at = m.UpdatedAt
	}
	return Reclaim{MachineID: m.ID, Name: m.Name, Instance: m.Instance, At: at}, true
}
