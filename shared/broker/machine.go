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
	UpdatedAt    time.Time     `json:"updated_at"`
}

// Reachable reports whether somebody can work on the machine: it has a name of
// its own and an address.
func (m *Machine) Reachable() bool { return m.Name != "" && (m.PrivateIP != "" || m.PublicIP != "") }

// MachineNote is what a provider says of a machine without being asked.
type MachineNote struct {
	Status  MachineStatus
	Message string    // "": what is known stays
	At      time.Time // when it was so
}

// Note returns m after n, and whether n is news. A final status never changes,
// and is news whenever it comes: nothing follows it. Of all others the latest
// counts, in whatever order they arrive, and of two of one moment the one that
// comes later in a machine's life. So a note that comes twice changes nothing.
func (m Machine) Note(n MachineNote) (Machine, bool) {
	if m.Status.Final() || !n.Status.Final() && !n.follows(&m) {
		return m, false
	}
	m.Status = n.Status
	if n.Message != "" {
		m.Message = n.Message
	}
	if n.At.After(m.UpdatedAt) {
		m.UpdatedAt = n.At.UTC()
	}
	return m, true
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
	OperationID string    `json:"operation_id"`
	Attempt     int       `json:"attempt"`
	TakenAt     time.Time `json:"taken_at"`
	Until       time.Time `json:"until"` // past it a lease without an open machine is free
	Version     int64     `json:"version"`
}
