package statesapi

import (
	"context"
	"errors"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// view is an execution as DescribeExecution and StartSyncExecution show it.
type view struct {
	ExecutionARN    string   `json:"executionArn"`
	StateMachineARN string   `json:"stateMachineArn"`
	Name            string   `json:"name"`
	Status          string   `json:"status"`
	StartDate       date     `json:"startDate"`
	StopDate        *date    `json:"stopDate,omitempty"`
	Input           *string  `json:"input,omitempty"`
	InputDetails    *details `json:"inputDetails,omitempty"`
	Output          *string  `json:"output,omitempty"`
	OutputDetails   *details `json:"outputDetails,omitempty"`
	Error           string   `json:"error,omitempty"`
	Cause           string   `json:"cause,omitempty"`
}

type details struct {
	Included bool `json:"included"`
}

// running is the status of an execution that has not ended.
const running = "RUNNING"

// included reads includedData: whether input and output are wanted.
func included(given string) (bool, error) {
	switch given {
	case "", "ALL_DATA":
		return true, nil
	case "METADATA_ONLY":
		return false, nil
	}
	return false, refused("ValidationException", "the member includedData must be ALL_DATA or METADATA_ONLY")
}

func (s *Server) view(x *execution, data bool) view {
	v := view{
		ExecutionARN: x.arn, StateMachineARN: s.ARN(x.machine), Name: x.name, Status: running,
		StartDate: date(x.handle.Started()), InputDetails: &details{data},
	}
	if data {
		v.Input = &x.input
	}
	r, ended := x.handle.Result()
	if !ended {
		return v
	}
	stop := date(r.Ended)
	v.Status, v.StopDate = string(r.Status()), &stop
	if f := r.Failure; f != nil {
		v.Error, v.Cause = f.Name, f.Cause
		return v
	}
	v.OutputDetails = &details{data}
	if output := string(r.Output); data {
		v.Output = &output
	}
	return v
}

type describeInput struct {
	ExecutionARN *string `json:"executionArn"`
	IncludedData string  `json:"includedData"`
}

// describeExecution shows a Standard execution.
func (s *Server) describeExecution(_ context.Context, in describeInput) (any, error) {
	data, err := included(in.IncludedData)
	if err != nil {
		return nil, err
	}
	x, err := s.executionOf(in.ExecutionARN)
	if err != nil {
		return nil, err
	}
	return s.view(x, data), nil
}

type stopInput struct {
	ExecutionARN *string `json:"executionArn"`
	Error        *string `json:"error"`
	Cause        *string `json:"cause"`
}

type stopped struct {
	StopDate date `json:"stopDate"`
}

// stopExecution aborts a Standard execution. One that has ended stays as it
// is.
func (s *Server) stopExecution(ctx context.Context, in stopInput) (any, error) {
	x, err := s.executionOf(in.ExecutionARN)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(shorter("error", in.Error, maxError), shorter("cause", in.Cause, maxCause)); err != nil {
		return nil, err
	}
	x.handle.Abort(&walk.TaskError{Name: text(in.Error), Cause: text(in.Cause)})
	select {
	case <-x.handle.Done():
	case <-ctx.Done():
		return nil, ctx.Err() //nolint:wrapcheck // nobody reads it: the caller has left
	}
	r, _ := x.handle.Result()
	return stopped{date(r.Ended)}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
