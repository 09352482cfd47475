package command

import (
	"context"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/fulfilment"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// Flows runs the workflow of operations.
type Flows interface {
	// StartOperation starts a run. One of that name that runs, or has run, is
	// left alone.
	StartOperation(ctx context.Context, e broker.Execution) error
	// WaitOperation returns when the operation's workflow has ended, or with
	// ctx's error.
	WaitOperation(ctx context.Context, id string) error
	// Running reports whether the operation's workflow is known to run here.
	Running(id string) bool
}

// Prober checks a provider's health now, and returns when it is recorded.
type Prober interface {
	ProbeNow(ctx context.Context, provider, kind string) error
}

// Registry keeps registrations.
type Registry interface {
	broker.ProviderReader
	broker.ProviderWriter
	broker.ConfigReader
	broker.ConfigWriter
	broker.HealthRecorder
	broker.SweepClaimer
	broker.LiveWriter
	broker.CapabilityReader
}

// Ledger keeps operations.
type Ledger interface {
	broker.LedgerWriter
	broker.OperationReader
	broker.OpenReader
	broker.MachineReader
	broker.EndedReader
	broker.MachineWriter
}

// Requests keeps what schedulers ask beside their operations.
type Requests interface {
	broker.HostProviderReader
	broker.HostProviderWriter
	broker.MachineFinder
	broker.ReclaimReader
}

// Templates keeps templates.
type Templates interface {
	broker.TemplateReader
	broker.TemplateWriter
}

// Where to look for a name that is not there.
const (
	whichProviders = "listAvailableProviders shows those that are registered."
	whichTemplates = "listTemplates shows those that are stored."
)

// Service is what the operations of this room need.
type Service struct {
	Registry  Registry
	Ledger    Ledger
	Templates Templates
	Requests  Requests
	Metrics   Metrics
	Counters  broker.MetricWriter
	Tickets   broker.TicketTaker
	Keys      broker.Keys
	Meta      broker.MetaReader
	Quota     quota.Book
	Flows     Flows
	Prober    Prober
	Functions Functions
	Lag       func(kind string) time.Duration // consistency lag of a provider kind
	Now       func() time.Time
	NewID     func() string // unique, and ordered by time
	Log       *slog.Logger
}

// Functions names the functions of this installation by provider kind. A kind
// that is not there has no driver: it is stored, shown as UNKNOWN, and never
// selected.
type Functions struct {
	Attempt map[string]string
	Probe   map[string]string
	Sweep   map[string]string // a kind that is not there is not swept
	Settle  string
}

// HasDriver reports whether machines of the kind can be made here.
func (f Functions) HasDriver(kind string) bool { _, ok := f.Attempt[kind]; return ok }

func (s Service) attemptFunction(kind string) string { return s.Functions.Attempt[kind] }

// rules are the limits of every decision about an operation.
func (s Service) rules() fulfilment.Rules {
	return fulfilment.Rules{Budget: budget, Lag: s.Lag}
}

// Budgets of one driver call and of the task around it. Synchronous callers
// wait 25 s: three hanging candidates fit.
const (
	syncDriver, syncTask   = 5 * time.Second, 7 * time.Second
	asyncDriver, asyncTask = 50 * time.Second, 60 * time.Second
	endDriver, endTask     = 10 * time.Second, 15 * time.Second
)

func budget(o *broker.Operation) (driver, task time.Duration) {
	switch {
	case o.Type == broker.TerminateInstances, o.GivingBack:
		return endDriver, endTask
	case o.Async:
		return asyncDriver, asyncTask
	}
	return syncDriver, syncTask
}

// actor is who makes the call of ctx.
func actor(ctx context.Context) broker.Actor {
	c := op.CallFrom(ctx)
	return broker.Actor{Principal: c.Principal, SourceIP: c.SourceIP, RequestID: c.RequestID, Operation: c.Operation}
}

// stale makes the 409 that a version mismatch is answered with.
func stale(what string, current int64) error {
	e := fault.New(fault.Conflict, "%s is at version %d now; read it, and send that version with your change", what, current)
	e.Extra = map[string]any{"current_version": current}
	return e
}
