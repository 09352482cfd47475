package dispatch

import (
	"context"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
)

// Drivers finds the driver of a registration.
type Drivers interface {
	// Driver returns the driver of r. An error means that the kind has none
	// here, or that r's configuration does not fit it.
	Driver(r broker.Registration) (providers.Driver, error)
	// Traits returns the facts about a kind; the zero Traits when unknown.
	Traits(kind string) providers.Traits
}

// Ledger is what an attempt reads and writes of its operation.
type Ledger interface {
	Ledger(ctx context.Context, id string) (broker.Ledger, error)
	MarkSent(ctx context.Context, operationID string, sent broker.Fenced) error
	RecordOutcome(ctx context.Context, o broker.Outcome) error
}

// Registrations reads one registration.
type Registrations interface {
	Provider(ctx context.Context, name string) (broker.Registration, error)
}

// Service is what the operations of this room need.
type Service struct {
	Ledger        Ledger
	Registrations Registrations
	Machines      broker.MachineReader
	Templates     broker.TemplateReader
	Live          broker.LiveWriter
	Health        broker.HealthRecorder
	Capabilities  broker.CapabilityBook
	Metrics       broker.MetricWriter
	Config        broker.ConfigReader
	Drivers       Drivers
	Now           func() time.Time
	Jitter        func() float64 // in [0, 1): spreads the probes of one breaker
	Log           *slog.Logger
}
