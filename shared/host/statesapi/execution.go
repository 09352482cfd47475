package statesapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/flow/local"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// order is what a caller wants to be run.
type order struct {
	machine, name, input string
}

// execution is an order that is carried out.
type execution struct {
	order

	arn    string
	handle local.Handle
}

func (x *execution) running() bool {
	_, ended := x.handle.Result()
	return !ended
}

// startInput is the input of StartExecution and of StartSyncExecution.
type startInput struct {
	StateMachineARN *string `json:"stateMachineArn"`
	Name            *string `json:"name"`
	Input           *string `json:"input"`
	IncludedData    string  `json:"includedData"`
}

func (s *Server) orderOf(in startInput) (o order, err error) {
	if o.machine, err = s.machineOf(in.StateMachineARN); err != nil {
		return o, err
	}
	if o.name, err = nameOf(in.Name); err != nil {
		return o, err
	}
	if err := shorter("input", in.Input, maxInput); err != nil {
		return o, err
	}
	o.input = "{}"
	if in.Input != nil {
		o.input = *in.Input
	}
	if !json.Valid([]byte(o.input)) {
		return o, refused("InvalidExecutionInput", "Invalid State Machine Execution Input: 'it is not JSON'")
	}
	return o, nil
}

type started struct {
	ExecutionARN string `json:"executionArn"`
	StartDate    date   `json:"startDate"`
}

// startExecution starts an execution and does not wait for it.
func (s *Server) startExecution(ctx context.Context, in startInput) (any, error) {
	o, err := s.orderOf(in)
	if err != nil {
		return nil, err
	}
	start := s.startOnce
	if s.opt.Machines[o.machine].Type == Express {
		start = s.begin
	}
	x, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	return started{x.arn, date(x.handle.Started())}, nil
}

// startOnce starts a Standard execution unless its name is taken: by one that
// runs and has the same input, which is then the one that was meant; by
// another, or by one that has ended, which is an error.
func (s *Server) startOnce(ctx context.Context, o order) (*execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, arn := s.identify(o)
	if x := s.executions[arn]; x != nil {
		if x.input == o.input && x.running() {
			return x, nil
		}
		return nil, refused("ExecutionAlreadyExists", "Execution Already Exists: '%s'", x.arn)
	}
	x, err := s.begin(ctx, o)
	if err != nil {
		return nil, err
	}
	s.executions[x.arn] = x
	go s.retire(x)
	return x, nil
}

// retire remembers x when it has ended, and forgets who ended too many before
// it.
func (s *Server) retire(x *execution) {
	<-x.handle.Done()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = append(s.closed, x)
	if len(s.closed) > s.opt.Closed {
		delete(s.executions, s.closed[0].arn)
		s.closed[0] = nil
		s.closed = s.closed[1:]
	}
}

func (s *Server) begin(ctx context.Context, o order) (*execution, error) {
	m := s.opt.Machines[o.machine]
	id, arn := s.identify(o)
	h, err := s.opt.Runner.Begin(ctx, local.Execution{Name: id, Machine: m.Definition, Input: json.RawMessage(o.input), Timeout: m.Timeout})
	switch {
	case errors.Is(err, local.ErrStopped):
		return nil, errStopping
	case errors.Is(err, local.ErrFull):
		return nil, refused("ExecutionLimitExceeded", "too many executions are running and waiting")
	case err != nil:
		return nil, fmt.Errorf("starting execution %s: %w", arn, err)
	}
	return &execution{order: o, arn: arn, handle: h}, nil
}

// startSyncExecution runs an Express execution to its end. It goes on when the
// caller has left.
func (s *Server) startSyncExecution(ctx context.Context, in startInput) (any, error) {
	data, err := included(in.IncludedData)
	if err != nil {
		return nil, err
	}
	o, err := s.orderOf(in)
	if err != nil {
		return nil, err
	}
	if s.opt.Machines[o.machine].Type != Express {
		return nil, refused("StateMachineTypeNotSupported", "This operation is not supported by this type of state machine")
	}
	x, err := s.begin(ctx, o)
	if err != nil {
		return nil, err
	}
	select {
	case <-x.handle.Done():
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // nobody reads it: the caller has left
	}
	if r, _ := x.handle.Result(); r.Status() == walk.Aborted {
		return nil, errStopping // an Express execution has no such end
	}
	return s.view(x, data), nil
}
