package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Service is what the operations of this room need.
type Service struct {
	Registry   broker.ProviderReader
	History    broker.HealthHistory
	Operations broker.OperationReader
	Templates  broker.TemplateReader
	Metrics    broker.MetricReader
	Machines   broker.MachineReader
	HasDriver  func(kind string) bool
	Now        func() time.Time
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

func noProvider(name string) error {
	return fault.Lookup(fault.New(fault.NotFound, "There is no provider %q.", name),
		"provider_name", "listAvailableProviders shows those that are registered.")
}
