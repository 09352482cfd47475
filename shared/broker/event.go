package broker

import (
	"context"
	"strings"
	"time"
)

// EventType is what an event tells.
type EventType string

// The types. An operation that only reads and succeeds tells nothing: it
// changed nothing.
const (
	EventProviderRegistered    EventType = "ProviderRegistered"    // new, or changed
	EventProviderDeregistered  EventType = "ProviderDeregistered"  // removed
	EventStrategyConfigured    EventType = "StrategyConfigured"    // the configuration has another version
	EventProviderHealthChanged EventType = "ProviderHealthChanged" // another state
	EventCircuitOpened         EventType = "CircuitOpened"         // by failures, or by somebody
	EventCircuitHalfOpen       EventType = "CircuitHalfOpen"       // a probe began
	EventCircuitClosed         EventType = "CircuitClosed"         // probes succeeded, or somebody said so
	EventOperationExecuted     EventType = "OperationExecuted"     // it ended, however
	EventOperationCancelled    EventType = "OperationCancelled"    // it is wanted no more; what is out may still end well
	EventFailoverOccurred      EventType = "FailoverOccurred"      // another provider is asked
	EventMachineLost           EventType = "MachineLost"           // the provider took it, or no longer knows it
)

// Values lists the types.
func (EventType) Values() []string {
	specs := EventSpecs()
	out := make([]string, len(specs))
	for i, s := range specs {
		out[i] = string(s.Type)
	}
	return out
}

// Event tells of one change. It is stored with the change, or not at all, and
// given an id by the store. Its fields are those that any program may see: no
// text that a user wrote, but for names, and nothing that a provider answered.
// Which of them a type has is said by [EventSpecs].
type Event struct {
	ID   string    `json:"id" doc:"Orders events by time; what a reader goes on after."`
	Type EventType `json:"type" doc:"What happened."`
	Time Time      `json:"time" doc:"When it was stored."`

	Provider         string        `json:"provider_name,omitempty" doc:"Name of the provider; of an operation, that with which it ended."`
	PreviousProvider string        `json:"previous_provider_name,omitempty" doc:"Name of the provider that was asked before."`
	Kind             string        `json:"provider_type,omitempty" doc:"Kind of the provider."`
	Status           string        `json:"status,omitempty" doc:"Of a registration: registered or updated; of an operation: as it ended."`
	Version          int64         `json:"version,omitempty" doc:"Version that is stored now; of what was removed, the last."`
	Enabled          *bool         `json:"enabled,omitempty" doc:"Whether it may get work."`
	Draining         *bool         `json:"draining,omitempty" doc:"Whether it is being deregistered."`
	Mode             Mode          `json:"mode,omitempty" doc:"What the broker may do."`
	Policy           Policy        `json:"default_selection_policy,omitempty" doc:"How equals are told apart."`
	BreakerEnabled   *bool         `json:"circuit_breaker_enabled,omitempty" doc:"Whether breakers hold calls back."`
	Health           HealthState   `json:"health_status,omitempty" doc:"How the provider is now."`
	PreviousHealth   HealthState   `json:"previous_health_status,omitempty" doc:"How it was before."`
	Reported         *bool         `json:"reported,omitempty" doc:"Whether somebody said so, rather than a check."`
	Class            string        `json:"breaker_class,omitempty" doc:"The calls that the breaker guards: mutate or read."`
	State            BreakerState  `json:"state,omitempty" doc:"State of the breaker now."`
	PreviousState    BreakerState  `json:"previous_state,omitempty" doc:"State before."`
	Epoch            int64         `json:"epoch,omitempty" doc:"Counts the states of the breaker."`
	OpenUntil        *Time         `json:"open_until,omitempty" doc:"When a probe is let through; absent: not by itself."`
	Reason           string        `json:"reason,omitempty" doc:"Why it opened, in the broker's words; absent when somebody held it open."`
	OperationID      string        `json:"operation_id,omitempty" doc:"The operation; of a machine, the one that made it."`
	OperationType    OperationType `json:"operation_type,omitempty" doc:"What was to be done."`
	Wanted           int           `json:"wanted,omitempty" doc:"How many machines were wished for."`
	TemplateID       string        `json:"template_id,omitempty" doc:"The template, where one was named."`
	Code             string        `json:"code,omitempty" doc:"Why it failed."`
	DurationMS       *int64        `json:"duration_ms,omitempty" doc:"From its beginning to its end, in ms."`
	Attempt          int           `json:"attempt,omitempty" doc:"Number of the new attempt."`
	ErrorClass       string        `json:"error_class,omitempty" doc:"How the attempt before it failed."`
	MachineID        string        `json:"machine_id,omitempty" doc:"The machine."`
}

// Subject is what events are in order about: those of one subject come in the
// order of its changes.
func (e *Event) Subject() string {
	if e.Provider != "" && e.OperationID == "" {
		return e.Provider
	}
	return e.OperationID
}

// EventQuery asks for stored events.
type EventQuery struct {
	After string    // id of the last one that the reader has, or a position; "": from Since on
	Since time.Time // that and later
	Limit int       // at most so many; below 1: none
}

// EventReader reads what happened.
type EventReader interface {
	// Events returns the oldest events of q, by id. Whoever goes on after the
	// last of them misses none: an event is shown once no older one can still be
	// stored, which takes up to half a minute where several processes share a
	// store. Expired ones are not there.
	Events(ctx context.Context, q EventQuery) ([]Event, error)
}

// positionStamp is RFC 3339's basic form with nine digits: it sorts like time,
// and needs no escape anywhere. Ids begin with it.
const positionStamp = "20060102T150405.000000000Z"

// EventPosition is where a reader stands who has all events from before t: it is
// below the ids of those that are stored at t or later.
func EventPosition(t time.Time) string { return t.UTC().Format(positionStamp) }

// EventTime is the time in an id or a position; zero: it is neither.
func EventTime(id string) time.Time {
	stamp, _, _ := strings.Cut(id, "-")
	t, err := time.Parse(positionStamp, stamp)
	if err != nil {
		return time.Time{}
	}
	return t
}

// EventsKept is how long an event is stored.
const EventsKept = 7 * 24 * time.Hour
