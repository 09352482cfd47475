package query

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListRequests lists requests of schedulers, newest first.
var ListRequests = op.Define(op.Spec{
	Name: "listRequests", Kind: op.Query,
	Summary:  "List requests of schedulers, newest first",
	Examples: []op.Example{{Title: "The newest requests"}, {Title: "What is still running", Body: `{"status": "running", "host_provider": "ohfpinst"}`}},
}, Service.listRequests)

// ListRequestsInput narrows the list.
type ListRequestsInput struct {
	Status       string `json:"status,omitempty" doc:"Only requests of this status." enum:"running,complete,complete_with_error"`
	HostProvider string `json:"host_provider,omitempty" doc:"Only requests of this instance." format:"name"`
	Paging
}

// RequestList is one page.
type RequestList struct {
	Requests   []RequestLine `json:"requests" doc:"Newest first."`
	NextCursor string        `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end."`
}

// RequestLine is a request in a list.
type RequestLine struct {
	RequestID    string             `json:"request_id"`
	Status       hostfactory.Status `json:"status"`
	Return       bool               `json:"return"` // machines are given back
	MachineCount int                `json:"machine_count"`
	TemplateID   string             `json:"template_id,omitempty"`
	HostProvider string             `json:"host_provider,omitempty"`
	CreatedAt    broker.Time        `json:"created_at"`
	ClosedAt     *broker.Time       `json:"closed_at,omitempty"`
	Claimed      bool               `json:"claimed"` // somebody has read the result
	Message      string             `json:"message,omitempty"`
}

// listRequests goes through operations, of which requests are some.
func (s Service) listRequests(ctx context.Context, in ListRequestsInput) (RequestList, error) {
	out := RequestList{Requests: []RequestLine{}}
	p := in.page()
	for {
		some, next, err := s.Operations.Operations(ctx, broker.OperationFilter{}, p)
		if err != nil {
			return RequestList{}, fmt.Errorf("listing requests: %w", err)
		}
		for i := range some {
			if in.asks(&some[i]) {
				out.Requests = append(out.Requests, requestLine(&some[i]))
			}
		}
		p.Limit, p.Cursor = in.Limit-len(out.Requests), next
		if next == "" || p.Limit <= 0 {
			out.NextCursor = next
			return out, nil
		}
	}
}

func (in *ListRequestsInput) asks(o *broker.Operation) bool {
	return o.Request != nil && (in.HostProvider == "" || o.Request.Instance == in.HostProvider) &&
		(in.Status == "" || string(hostfactory.Outline(o)) == in.Status)
}

func requestLine(o *broker.Operation) RequestLine {
	l := RequestLine{
		RequestID: o.ID, Status: hostfactory.Outline(o), Return: o.Type == broker.TerminateInstances, MachineCount: o.Wanted, TemplateID: o.TemplateID,
		HostProvider: o.Request.Instance, CreatedAt: broker.Time{Time: o.CreatedAt}, ClosedAt: broker.AtTime(o.Request.ClosedAt),
		Claimed: !o.Request.ClaimedAt.IsZero(), Message: o.Message,
	}
	if l.Return {
		l.MachineCount = len(o.Request.Returns)
	}
	return l
}
