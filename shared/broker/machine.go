package broker

import (
	"slices"
	"time"
)

// MachineStatus is where a machine is in its life.
type MachineStatus string

// The statuses. Terminated, Lost and Failed are final.
const (
	MachinePending    MachineStatus = "PENDING"
	MachineRunning    MachineStatus = "RUNNING"
	MachineStopping   MachineStatus = "STOPPING"
	MachineStopped    MachineStatus = "STOPPED"
	MachineTerminated MachineStatus = "TERMINATED"
	MachineLost       MachineStatus = "LOST" // the provider took it, or no longer knows it
	MachineFailed     MachineStatus = "FAILED"
)

// Values lists the statuses.
func (MachineStatus) Values() []string {
	return []string{
		string(MachinePending), string(MachineRunning), string(MachineStopping), string(MachineStopped),
		string(MachineTerminated), string(MachineLost), string(MachineFailed),
	}
}

// Final reports whether s never changes again.
func (s MachineStatus) Final() bool {
	return s == MachineTerminated || s == MachineLost || s == MachineFailed
}

// Machine is one machine that the broker made or leased. ID is globally
// unique and never used again.
type Machine struct {
	ID           string        `json:"machine_id"`
	Name         string        `json:"name"`
	Provider     string        `json:"provider_name"`
	Status       MachineStatus `json:"status"`
	Message      string        `json:"message,omitempty"`
	PrivateIP    string        `json:"private_ip,omitempty"`
	PublicIP     string        `json:"public_ip,omitempty"`
	InstanceType string        `json:"instance_type,omitempty"`
	Zone         string        `json:"zone,omitempty"`
	PricePerHour *float64      `json:"price_per_hour,omitempty"`
	LaunchTime   time.Time     `json:"launch_time"`
	OperationID  string        `json:"operation_id,omitempty"` // that created it
	Attempt      int           `json:"attempt,omitempty"`
	TemplateID   string        `json:"template_id,omitempty"`   // that it was made from
	Account      string        `json:"account,omitempty"`       // that pays for it, where the provider has several
	Instance     string        `json:"host_provider,omitempty"` // of the scheduler that asked for it
	ReclaimAt    time.Time     `json:"reclaim_at,omitzero"`     // when its provider takes it back; zero: it has not said so
	ReturnedAt   time.Time     `json:"returned_at,omitzero"`    // when its scheduler gave it back, of one that its provider takes or has lost
	UpdatedAt    time.Time     `json:"updated_at"`
}

// Reachable reports whether somebody can work on the machine: it has a name of
// its own and an address.
func (m *Machine) Reachable() bool { return m.Name != "" && (m.PrivateIP != "" || m.PublicIP != "") }

// Usable reports whether the machine is what was asked for: it runs, and can be
// reached.
func (m *Machine) Usable() bool { return m.Status == MachineRunning && m.Reachable() }

// Coming reports whether the machine may yet become usable.
func (m *Machine) Coming() bool {
	return m.Status == MachinePending || m.Status == MachineRunning && !m.Reachable()
}

// Noted returns m with what was noted of it as it is stored: who sees a machine
// anew knows nothing of that, and takes nothing of it back.
func (m Machine) Noted(stored Machine) Machine {
	m.ReclaimAt = latest(m.ReclaimAt, stored.ReclaimAt)
	if m.ReturnedAt.IsZero() {
		m.ReturnedAt = stored.ReturnedAt
	}
	return m
}

// MachineNote is what a provider says of a machine without being asked, or a
// scheduler that gives it back.
type MachineNote struct {
	Status     MachineStatus // "": it says nothing of that
	Message    string        // "": what is known stays
	At         time.Time     // when it was so
	ReclaimAt  time.Time     // when the provider takes the machine back; zero: it says nothing of that
	ReturnedAt time.Time     // when its scheduler gave it back; zero: it says nothing of that
}

// Note returns m after n, and whether n is news. A final status never changes,
// and is news whenever it comes: nothing follows it. Of all others the latest
// counts, in whatever order they arrive, and of two of one moment the one that
// comes later in a machine's life. When the machine is taken back counts
// however late it is told; of two times the later one: it was said last. That it
// was given back counts once, also of a machine that is lost. So a note that
// comes twice changes nothing.
func (m Machine) Note(n MachineNote) (Machine, bool) {
	returned := m.ReturnedAt.IsZero() && !n.ReturnedAt.IsZero()
	if returned {
		m.ReturnedAt = n.ReturnedAt.UTC()
	}
	if m.Status.Final() {
		return m, returned
	}
	m, news := m.seen(n)
	return m, news || returned
}

// seen is m, which lives, after what its provider says of it.
func (m Machine) seen(n MachineNote) (Machine, bool) {
	warned := n.ReclaimAt.After(m.ReclaimAt)
	moved := n.Status != "" && (n.Status.Final() || n.follows(&m))
	if warned {
		m.ReclaimAt = n.ReclaimAt.UTC()
	}
	if moved {
		m.Status = n.Status
		m.UpdatedAt = latest(m.UpdatedAt, n.At).UTC()
	}
	if n.Message != "" && (warned || moved) {
		m.Message = n.Message
	}
	return m, warned || moved
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (n MachineNote) follows(m *Machine) bool {
	if n.At.Equal(m.UpdatedAt) {
		return n.Status.stage() > m.Status.stage()
	}
	return n.At.After(m.UpdatedAt)
}

// stage orders the statuses that a machine goes through.
func (s MachineStatus) stage() int {
	return slices.Index([]MachineStatus{MachinePending, MachineRunning, MachineStopping, MachineStopped}, s)
}

// MachineResult is what became of one machine of a termination.
type MachineResult struct {
	MachineID  string `json:"machine_id"`
	Provider   string `json:"provider_name,omitempty"`
	Terminated bool   `json:"terminated"` // also when it was gone already
	Message    string `json:"message,omitempty"`
}

// Lease is a host of a static pool held by a machine.
type Lease struct {
	Provider    string    `json:"provider_name"`
	Host        string    `json:"host"`
	MachineID   string    `json:"machine_id"`
	Token       string    `json:"token"` // of the attempt that took it
	Broker      string    `json:"broker_id,omitempty"`
	OperationID string    `json:"operation_id"`
	Attempt     int       `json:"attempt"`
	TakenAt     time.Time `json:"taken_at"`
	Until       time.Time `json:"until"` // past it a lease without an open machine is free
	Version     int64     `json:"version"`
}
