package query

import (
	"context"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/op"
)

// ListAuditEvents lists who changed what, newest first.
var ListAuditEvents = op.Define(op.Spec{
	Name: "listAuditEvents", Kind: op.Query, Role: op.Operator,
	Summary: "List who changed what, newest first",
	Detail: "One entry for each change of a registration, a template, the configuration, an instance of a scheduler's plug-in or a " +
		"provider's health by hand, and for each cancellation: who asked for it, from where, and how it was before and after. " +
		"What changed nothing has none. Secrets and user data are not in it. Machines that are made and ended are in listOperations.",
	Examples: []op.Example{
		{Title: "The newest changes"},
		{Title: "What was done to a provider in the last day", Body: `{"subject_kind": "provider", "subject_name": "pool-a", "since": "24h"}`},
		{Title: "What somebody changed in January", Body: `{"principal": "ada", "since": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"}`},
	},
}, Service.listAuditEvents)

// ListAuditEventsInput narrows the list.
type ListAuditEventsInput struct {
	Since       string              `json:"since,omitempty" doc:"Only changes from then on: 90m, or a time as 2026-01-31T12:00:00Z." maxlen:"64"`
	Until       string              `json:"until,omitempty" doc:"Only changes before then: 90m, or a time as 2026-01-31T12:00:00Z." maxlen:"64"`
	Principal   string              `json:"principal,omitempty" doc:"Only what this principal changed." maxlen:"2048"`
	Operation   string              `json:"operation,omitempty" doc:"Only what was changed by this operation." enum:"registerProviderStrategy,deregisterProviderStrategy,configureProviderStrategy,updateProviderHealth,registerTemplate,deleteTemplate,registerHostProvider,cancelOperation,cancelRequest"`
	SubjectKind broker.AuditSubject `json:"subject_kind,omitempty" doc:"Only changes of this kind of thing."`
	SubjectName string              `json:"subject_name,omitempty" doc:"Only changes of what has this name: of a provider, a template; an operation's or a request's id." maxlen:"256"`
	Paging
}

// AuditEventList is one page.
type AuditEventList struct {
	AuditEvents []AuditLine `json:"audit_events" doc:"Newest first."`
	NextCursor  string      `json:"next_cursor,omitempty" doc:"Where the next page begins; absent at the end."`
}

// AuditLine is a change in the list.
type AuditLine struct {
	ID          string              `json:"id"`
	Time        broker.Time         `json:"time"`
	Principal   string              `json:"principal"`
	Operation   string              `json:"operation"`
	SubjectKind broker.AuditSubject `json:"subject_kind"`
	SubjectName string              `json:"subject_name,omitempty"`
	Action      broker.AuditAction  `json:"action"`
	Summary     string              `json:"summary"` // of the changes, in short
	SourceIP    string              `json:"source_ip,omitempty"`
	RequestID   string              `json:"request_id,omitempty"`
	Changes     []broker.Change     `json:"changes"`
	Omitted     int                 `json:"omitted,omitempty"` // further fields that changed, for which there was no room
}

// listAuditEvents fills a page from as many of the store's as it takes.
func (s Service) listAuditEvents(ctx context.Context, in ListAuditEventsInput) (AuditEventList, error) {
	f, err := in.filter(s.Now())
	if err != nil {
		return AuditEventList{}, err
	}
	out := AuditEventList{AuditEvents: []AuditLine{}}
	p := in.page()
	for {
		some, next, err := s.Audit.AuditEvents(ctx, f, p)
		if err != nil {
			return AuditEventList{}, fmt.Errorf("listing audit events: %w", err)
		}
		for i := range some {
			out.AuditEvents = append(out.AuditEvents, auditLine(&some[i]))
		}
		p.Limit, p.Cursor = in.Limit-len(out.AuditEvents), next
		if next == "" || p.Limit <= 0 {
			out.NextCursor = next
			return out, nil
		}
	}
}

// filter is what is asked for. invalid_request.
func (in *ListAuditEventsInput) filter(now time.Time) (f broker.AuditFilter, err error) {
	f = broker.AuditFilter{Principal: in.Principal, Operation: in.Operation, Subject: in.SubjectKind, Name: in.SubjectName}
	if in.Since != "" {
		if f.Since, err = broker.Moment("since", in.Since, now); err != nil {
			return f, err
		}
	}
	if in.Until != "" {
		f.Until, err = broker.Moment("until", in.Until, now)
	}
	return f, err
}
