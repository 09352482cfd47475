package broker

import "time"

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
