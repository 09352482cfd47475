package broker

import (
	"encoding/json"
	"time"
)

// Actor is who asked for a change, kept on every record that a command makes.
type Actor struct {
	Principal string `json:"principal"`
	SourceIP  string `json:"source_ip,omitempty"`
	RequestID string `json:"request_id,omitempty"`
	Operation string `json:"-"` // by which; "": a part of a change that is told as a whole. No part of the record: the audit trail keeps it
}

// Registration is a provider strategy as registered: the whole of it, kept
// apart from what selection reads.
type Registration struct {
	Name                string            `json:"strategy_name"`
	Kind                string            `json:"provider_type"`
	Config              json.RawMessage   `json:"strategy_config"` // by the kind's schema; never a secret
	Capabilities        map[string]any    `json:"capabilities,omitempty"`
	Priority            int               `json:"priority"` // lower is preferred
	Weight              int               `json:"weight"`   // 0: no new work under any policy
	Enabled             bool              `json:"enabled"`
	Zone                string            `json:"zone,omitempty"`
	PricePerHour        *float64          `json:"price_per_hour,omitempty"`
	HealthCheckInterval time.Duration     `json:"health_check_interval,omitempty"` // 0: the strategy configuration's
	Tags                map[string]string `json:"tags,omitempty"`
	MaxMachines         *int              `json:"max_machines,omitempty"` // nil: no limit
	Draining            bool              `json:"draining,omitempty"`     // being deregistered: no new work
	Order               int64             `json:"order"`                  // registration order, kept through updates
	Version             int64             `json:"version"`                // 1 at registration, one more at each update
	RegisteredAt        time.Time         `json:"registered_at"`
	UpdatedAt           time.Time         `json:"updated_at"`
	Actor               Actor             `json:"actor"`
}

// HealthState is what the checks say of a provider.
type HealthState string

// The states. Unknown: never checked, or no driver for the kind.
const (
	Healthy   HealthState = "HEALTHY"
	Degraded  HealthState = "DEGRADED"
	Unhealthy HealthState = "UNHEALTHY"
	Unknown   HealthState = "UNKNOWN"
)

// Values lists the states.
func (HealthState) Values() []string {
	return []string{string(Healthy), string(Degraded), string(Unhealthy), string(Unknown)}
}

// Check is one thing that a health check looked at.
type Check struct {
	Name    string `json:"name"` // what was checked: a host, "credentials"
	OK      bool   `json:"ok"`
	Message string `json:"message,omitempty"`

	// Unproven is neither OK nor failed: it was not tried, or the answer leaves
	// it open. The message says which, and what would show it.
	Unproven bool `json:"unproven,omitempty"`
}

// ProviderView is what selection reads about one provider.
type ProviderView struct {
	Name                string            `json:"name"`
	Kind                string            `json:"provider_type"`
	Capabilities        map[string]any    `json:"capabilities,omitempty"`
	Priority            int               `json:"priority"`
	Weight              int               `json:"weight"`
	Enabled             bool              `json:"enabled"`
	Draining            bool              `json:"draining,omitempty"`
	Zone                string            `json:"zone,omitempty"`
	PricePerHour        *float64          `json:"price_per_hour,omitempty"`
	PricedAt            time.Time         `json:"priced_at,omitzero"` // when that was read of the provider; zero: it is the registration's
	HealthCheckInterval time.Duration     `json:"health_check_interval,omitempty"`
	Order               int64             `json:"order"`
	Version             int64             `json:"version"`
	RegisteredAt        time.Time         `json:"registered_at"`
	Health              Health            `json:"health"`
	NextCheckAt         time.Time         `json:"next_check_at"`          // when the health workflow looks next
	CheckStartedAt      time.Time         `json:"check_started_at"`       // a check that has not reported yet; zero: none
	NextSweepAt         time.Time         `json:"next_sweep_at,omitzero"` // when machines without a record are looked for next
	Live                map[string]Live   `json:"live,omitempty"`         // by breaker class; absent: never used
	Tags                map[string]string `json:"tags,omitempty"`
	MaxMachines         *int              `json:"max_machines,omitempty"`

	Measured  map[string]Measured `json:"measured,omitempty"` // by breaker class; absent: never used
	DigestAt  time.Time           `json:"digest_at,omitzero"` // when Measured was last made anew and differed
	Rolled    Rolled              `json:"rolled,omitzero"`
	Room      *Room               `json:"room,omitempty"`      // nil: not known, or without limit
	Place     Place               `json:"place,omitzero"`      // by the tags region, geography, latitude and longitude
	NotBefore time.Time           `json:"not_before,omitzero"` // the provider asked for no call before this
	Blocks    []Block             `json:"blocks,omitempty"`    // offerings that it is out of
}

// HeldBack reports whether a breaker holds calls to the provider back.
func (p *ProviderView) HeldBack(now time.Time) bool {
	for _, l := range p.Live {
		if state := l.StateAt(now); state == Open || state == ForcedOpen {
			return true
		}
	}
	return false
}

// View returns what selection reads of r, with no health and no live rows.
func (r *Registration) View() ProviderView {
	return ProviderView{
		Name: r.Name, Kind: r.Kind, Capabilities: r.Capabilities, Priority: r.Priority, Weight: r.Weight,
		Enabled: r.Enabled, Draining: r.Draining, Zone: r.Zone, PricePerHour: r.PricePerHour,
		HealthCheckInterval: r.HealthCheckInterval, Order: r.Order, Version: r.Version, RegisteredAt: r.RegisteredAt,
		Tags: r.Tags, MaxMachines: r.MaxMachines, Place: PlaceOf(r.Tags),
		Health: Health{State: Unknown, Message: "not checked yet"},
	}
}

// Snapshot is everything that one selection reads, taken together.
type Snapshot struct {
	TakenAt   time.Time      `json:"taken_at"`
	Kept      bool           `json:"-"` // read before it was asked for: what was stored since, by others, is not in it
	Config    StrategyConfig `json:"config"`
	Providers []ProviderView `json:"providers"` // by name
}

// Meta identifies a broker: made with its store, carried as a tag by every
// resource that it creates, so that two brokers never touch each other's.
type Meta struct {
	ID        string    `json:"broker_id"` // UUID
	CreatedAt time.Time `json:"created_at"`
	Schema    int       `json:"schema"` // version of the stored layout
}
