package query

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetRequestStatus says how requests stand. It is a query that leaves a mark:
// the first time that a final answer is read, that is noted, so that nobody
// takes its machines for forgotten.
var GetRequestStatus = op.Define(op.Spec{
	Name: "getRequestStatus", Kind: op.Query, Role: op.Scheduler, Timeout: 10 * time.Second, MaxBody: 4 << 20,
	Summary: "Say how requests of a scheduler stand",
	Detail: "Requests for machines and returns alike. No provider is asked: what is known is read, by one query for each request. A request " +
		"that is complete, or complete_with_error, stays that, with the same machines. One that is unknown is complete_with_error.",
	Examples: []op.Example{
		{Title: "One request", Body: `{"request_id": "req-12345"}`},
		{Title: "Several", Body: `{"requests": [{"request_id": "req-12345"}, {"request_id": "ret-67890"}]}`},
	},
}, Service.getRequestStatus)

// RequestStatusInput names requests.
type RequestStatusInput struct {
	RequestID string       `json:"request_id,omitempty" doc:"One request." maxlen:"256"`
	Requests  []RequestRef `json:"requests,omitempty" doc:"Several."`
}

// RequestRef names a request.
type RequestRef struct {
	RequestID string `json:"request_id" doc:"Its id." required:"true" maxlen:"256"`
}

// getRequestStatus returns invalid_request when no request is named.
func (s Service) getRequestStatus(ctx context.Context, in RequestStatusInput) (hostfactory.Requests, error) {
	named := in.Requests
	if in.RequestID != "" {
		named = append([]RequestRef{{in.RequestID}}, named...)
	}
	if len(named) == 0 {
		return hostfactory.Requests{}, fault.Invalid("request_id", "name a request: request_id, or requests")
	}
	out := hostfactory.Requests{Requests: make([]hostfactory.Request, 0, len(named))}
	for _, r := range named {
		v, err := s.standing(ctx, r.RequestID)
		if err != nil {
			return hostfactory.Requests{}, err
		}
		out.Requests = append(out.Requests, v)
	}
	return out, nil
}

// claimTries bounds how often a request that changes meanwhile is read again.
const claimTries = 5

// standing is how a request stands; a final answer is the caller's from now on.
func (s Service) standing(ctx context.Context, id string) (hostfactory.Request, error) {
	for range claimTries {
		l, err := s.Operations.Ledger(ctx, id)
		if fault.Is(err, fault.NotFound) || err == nil && l.Operation.Request == nil {
			return hostfactory.Unknown(id), nil
		}
		if err != nil {
			return hostfactory.Request{}, fmt.Errorf("reading request %s: %w", id, err)
		}
		v, err := s.joined(ctx, &l)
		if err != nil || !v.Status.Terminal() {
			return v, err
		}
		if claimed, err := s.claimAnswer(ctx, &l.Operation); claimed || err != nil {
			return v, err
		}
	}
	return hostfactory.Request{}, fault.New(fault.StoreUnavailable, "Request %s is changed by others faster than it can be read.", id)
}

// joined is a request with all its parts.
func (s Service) joined(ctx context.Context, l *broker.Ledger) (hostfactory.Request, error) {
	v := hostfactory.View(l)
	for _, id := range l.Operation.Request.Parts {
		part, err := s.Operations.Ledger(ctx, id)
		if fault.Is(err, fault.NotFound) { // a request is forgotten with the first of its parts
			return hostfactory.Unknown(l.Operation.ID), nil
		}
		if err != nil {
			return v, fmt.Errorf("reading %s, a part of request %s: %w", id, l.Operation.ID, err)
		}
		v = hostfactory.Joined(v, hostfactory.View(&part))
	}
	return v, nil
}

// claimAnswer notes that a final answer was read. False: the request has
// changed since, and the answer may be another.
func (s Service) claimAnswer(ctx context.Context, o *broker.Operation) (bool, error) {
	if o.Type != broker.CreateInstances || !o.Request.ClaimedAt.IsZero() || !o.Request.TakenBackAt.IsZero() {
		return true, nil
	}
	claimed, r := *o, *o.Request
	r.ClaimedAt = s.Now()
	claimed.Request = &r
	err := s.Answers.TakeStep(ctx, broker.Step{Operation: claimed, Amends: true})
	if c := new(broker.Conflict); errors.As(err, &c) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("noting that the result of request %s was read: %w", o.ID, err)
	}
	return true, nil
}
