package query

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListMachines lists machines, newest first.
var ListMachines = op.Define(op.Spec{
	Name: "listMachines", Kind: op.Query,
	Summary: "List machines, newest first",
	Detail: "Shows what is recorded, machines that have ended too: no provider is called. " +
		"executeProviderOperation with GET_INSTANCE_STATUS asks the owners.",
	Examples: []op.Example{
		{Title: "The newest machines"},
		{Title: "What runs at a provider", Body: `{"provider_name": "pool-a", "status": "RUNNING"}`},
		{Title: "What an operation made", Body: `{"operation_id": "01980000-0000-7000-8000-000000000000"}`},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.listMachines)

// ListMachinesInput narrows the list.
type ListMachinesInput struct {
	ProviderName string               `json:"provider_name,omitempty" doc:"Only machines of this provider, registered or not." format:"name"`
	Status       broker.MachineStatus `json:"status,omitempty" doc:"Only machines of this status."`
	OperationID  string               `json:"operation_id,omitempty" doc:"Only machines that this operation made." format:"name"`
	Paging
}

// MachineList is one page.
type MachineList struct {
	Machines   []MachineLine `json:"machines" doc:"The newest launch first."`
	NextCursor string        `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end."`
}

// MachineLine is a machine in a list.
type MachineLine struct {
	broker.MachineView
	PricePerHour *float64    `json:"price_per_hour,omitempty"`
	OperationID  string      `json:"operation_id,omitempty"` // that made it
	UpdatedAt    broker.Time `json:"updated_at"`
}

// listMachines fills a page from as many of the store's as it takes. not_found
// for an operation that is not kept.
func (s Service) listMachines(ctx context.Context, in ListMachinesInput) (MachineList, error) {
	out := MachineList{Machines: []MachineLine{}}
	f := broker.MachineFilter{Provider: in.ProviderName, Status: in.Status, OperationID: in.OperationID}
	p := in.page()
	for {
		some, next, err := s.Machines.ListMachines(ctx, f, p)
		if err != nil {
			return MachineList{}, fmt.Errorf("listing machines: %w", fault.Lookup(err, "operation_id", "listOperations shows those that are kept."))
		}
		for _, m := range some {
			out.Machines = append(out.Machines, MachineLine{
				MachineView: m.View(), PricePerHour: m.PricePerHour, OperationID: m.OperationID, UpdatedAt: broker.Time{Time: m.UpdatedAt},
			})
		}
		p.Limit, p.Cursor = in.Limit-len(out.Machines), next
		if next == "" || p.Limit <= 0 {
			out.NextCursor = next
			return out, nil
		}
	}
}
