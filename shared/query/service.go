package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/quota"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Machines is what queries read of machines.
type Machines interface {
	broker.MachineReader
	broker.EndedReader
	broker.MachineLister
}

// Requests is what queries read of schedulers.
type Requests interface {
	broker.HostProviderReader
	broker.ReclaimReader
	broker.MachineFinder
}

// AnswerKeeper notes that the final answer of a request was read: the one thing
// that a query stores.
type AnswerKeeper interface {
	// TakeStep stores the operation under its version; see
	// [broker.LedgerWriter]. *Conflict.
	TakeStep(ctx context.Context, s broker.Step) error
}

// Service is what the operations of this room need.
type Service struct {
	Registry     broker.ProviderReader
	History      broker.HealthHistory
	Capabilities broker.CapabilityReader
	Sweeps       broker.SweepReader
	Operations   broker.OperationReader
	Machines     Machines
	Templates    broker.TemplateReader
	Requests     Requests
	Answers      AnswerKeeper
	Metrics      broker.MetricReader
	Audit        broker.AuditReader
	Quota        quota.Book
	HasDriver    func(kind string) bool
	Now          func() time.Time
}

// Paging is asked for in the same way by every list.
type Paging struct {
	Limit  int    `json:"limit,omitempty" doc:"How many at most." min:"1" max:"1000" default:"100"`
	Cursor string `json:"cursor,omitempty" doc:"next_cursor of the page before." maxlen:"512"`
}

func (p Paging) page() broker.Page { return broker.Page{Limit: p.Limit, Cursor: p.Cursor} }

// registry reads all providers as they are now. While the store cannot be
// read, what was kept is shown: every entry says of when it is.
func (s Service) registry(ctx context.Context) (broker.Snapshot, error) {
	snap, err := s.Registry.FreshSnapshot(ctx)
	if fault.Is(err, fault.StoreUnavailable) && ctx.Err() == nil {
		if kept, kerr := s.Registry.Snapshot(ctx); kerr == nil {
			return kept, nil
		}
	}
	if err != nil {
		return broker.Snapshot{}, fmt.Errorf("reading the registry: %w", err)
	}
	return snap, nil
}

// noProvider is the not_found for a name that is not in a snapshot, with the
// name that was most likely meant.
func noProvider(name string, snap *broker.Snapshot) error {
	known := make([]string, len(snap.Providers))
	for i := range snap.Providers {
		known[i] = snap.Providers[i].Name
	}
	where := "listAvailableProviders shows those that are registered."
	if near := wire.Nearest(name, known); near != "" {
		where = fmt.Sprintf("Did you mean %q? ", near) + where
	}
	return fault.Lookup(fault.New(fault.NotFound, "There is no provider %q.", name), "provider_name", where)
}
