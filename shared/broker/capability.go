package broker

import "time"

// CanonicalCapability returns the one name of a capability. Those that mean the
// same may each be declared and asked for.
func CanonicalCapability(name string) string {
	switch name {
	case "instances":
		return "instance_management"
	default:
		return name
	}
}

// Capabilities is what a driver saw of one version of a registration. The zero
// value says that nothing was looked at.
type Capabilities struct {
	Verified   map[string]any `json:"verified,omitempty"`
	Limits     map[string]any `json:"limits,omitempty"`
	VerifiedAt time.Time      `json:"verified_at"`

	Types   map[string]MachineType `json:"machine_types,omitempty"` // those that templates name
	Order   int64                  `json:"order"`                   // of the registration
	Version int64                  `json:"version"`
}

// Of reports whether c was seen of the registration as it is now.
func (c *Capabilities) Of(order, version int64) bool {
	return !c.VerifiedAt.IsZero() && c.Order == order && c.Version == version
}
