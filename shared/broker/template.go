package broker

import (
	"encoding/json"
	"time"
)

// Template says what kind of machine to make. Where several layers name a
// field, the provider's own wins over its kind's, and that over the base.
type Template struct {
	ID           string            `json:"template_id"`
	MaxNumber    *int              `json:"max_number,omitempty"` // nil or -1: unlimited; 0: none
	Attributes   map[string]any    `json:"attributes,omitempty"` // ncpus, nram (MiB): at least; others equal
	MachineTypes []string          `json:"machine_types,omitempty"`
	Image        string            `json:"image,omitempty"`
	UserData     string            `json:"user_data,omitempty"` // never logged
	Tags         map[string]string `json:"tags,omitempty"`
	PriceType    string            `json:"price_type,omitempty"`
	Policy       Policy            `json:"selection_policy,omitempty"`
	Criteria     *Criteria         `json:"selection_criteria,omitempty"`
	Fallbacks    []string          `json:"fallback_strategies,omitempty"`
	Overrides    Overrides         `json:"overrides,omitzero"`

	MachineWeights map[string]int `json:"machine_weights,omitempty"` // units that a machine of a type is worth; one that is not named: 1

	PartialStatus   string         `json:"partial_status,omitempty"`   // of a scheduler's request that got some and not all
	RequestTimeout  int            `json:"request_timeout,omitempty"`  // seconds until such a request ends; 0: the default
	SchedulerFields map[string]any `json:"scheduler_fields,omitempty"` // shown to schedulers, and read by nobody here

	Version   int64     `json:"version"`
	UpdatedAt time.Time `json:"updated_at"`
	Actor     Actor     `json:"actor"`
}

// Overrides holds what differs by provider kind and by provider name, each
// checked by the kind's schema.
type Overrides struct {
	Types     map[string]json.RawMessage `json:"types,omitempty" doc:"Fields by provider type." maxlen:"16"`
	Providers map[string]json.RawMessage `json:"providers,omitempty" doc:"Fields by provider name." maxlen:"100"`
}

// ResolvedTemplate is a template with its layers merged for one provider: all
// that a driver may read. It is stored with the attempt, so that a replay
// sends what was sent, whatever happened to the template since.
type ResolvedTemplate struct {
	ID           string            `json:"template_id,omitempty"`
	Attributes   map[string]any    `json:"attributes,omitempty"`
	MachineTypes []string          `json:"machine_types,omitempty"`
	Image        string            `json:"image,omitempty"`
	UserData     string            `json:"user_data,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	PriceType    string            `json:"price_type,omitempty"`
	Extra        json.RawMessage   `json:"extra,omitempty"` // the kind's own fields

	MachineWeights map[string]int `json:"machine_weights,omitempty"`
}

// CreateSpec asks a driver for machines. It names them through Token, so that
// the call can be repeated: the same token makes nothing more.
type CreateSpec struct {
	BrokerID    string            `json:"broker_id"`
	OperationID string            `json:"operation_id"`
	Attempt     int               `json:"attempt"`
	Token       string            `json:"token"` // UUIDv5(operation, attempt)
	Template    ResolvedTemplate  `json:"template"`
	Count       int               `json:"count"`              // machines, or units
	InUnits     bool              `json:"in_units,omitempty"` // the last machine may bring more than Count
	Tags        map[string]string `json:"tags,omitempty"`
}
