package query

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListOperations lists operations, newest first.
var ListOperations = op.Define(op.Spec{
	Name: "listOperations", Kind: op.Query,
	Summary: "List operations, newest first",
	Examples: []op.Example{
		{Title: "The newest operations"},
		{Title: "What is still running", Body: `{"status": "RUNNING", "limit": 20}`},
	},
}, Service.listOperations)

// ListOperationsInput narrows the list.
type ListOperationsInput struct {
	Status        broker.OperationStatus `json:"status,omitempty" doc:"Only operations of this status."`
	OperationType broker.OperationType   `json:"operation_type,omitempty" doc:"Only operations of this type."`
	Paging
}

// OperationList is one page.
type OperationList struct {
	Operations []OperationLine `json:"operations" doc:"Newest first."`
	NextCursor string          `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end."`
}

// OperationLine is an operation in a list.
type OperationLine struct {
	ID        string                 `json:"operation_id"`
	Type      broker.OperationType   `json:"operation_type"`
	Status    broker.OperationStatus `json:"status"`
	Wanted    int                    `json:"wanted"`
	Template  string                 `json:"template_id,omitempty"`
	Provider  string                 `json:"provider_name,omitempty"` // first choice
	CreatedAt broker.Time            `json:"created_at"`
	EndedAt   *broker.Time           `json:"ended_at,omitempty"`
	Message   string                 `json:"message,omitempty"`
}

// listOperations fills a page from as many of the store's as it takes.
func (s Service) listOperations(ctx context.Context, in ListOperationsInput) (OperationList, error) {
	out := OperationList{Operations: []OperationLine{}}
	p := in.page()
	for {
		some, next, err := s.Operations.Operations(ctx, broker.OperationFilter{Status: in.Status, Type: in.OperationType}, p)
		if err != nil {
			return OperationList{}, fmt.Errorf("listing operations: %w", err)
		}
		for i := range some {
			out.Operations = append(out.Operations, lineOf(&some[i]))
		}
		p.Limit, p.Cursor = in.Limit-len(out.Operations), next
		if next == "" || p.Limit <= 0 {
			out.NextCursor = next
			return out, nil
		}
	}
}

func lineOf(o *broker.Operation) OperationLine {
	l := OperationLine{
		ID: o.ID, Type: o.Type, Status: o.Status, Wanted: o.Wanted, Template: o.TemplateID,
		CreatedAt: broker.Time{Time: o.CreatedAt}, EndedAt: broker.AtTime(o.EndedAt), Message: o.Message,
	}
	if len(o.Candidates) > 0 {
		l.Provider = o.Candidates[0].Provider
	}
	return l
}
