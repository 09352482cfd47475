package local

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/openhostfactory/ohfp/statemachines/walk"
)

// Succeeded is the status of an execution that did; the others are walk's.
const Succeeded walk.Status = "SUCCEEDED"

// Result is how an execution ended.
type Result struct {
	Output  json.RawMessage // of one that succeeded
	Failure *walk.Failure   // nil: it succeeded
	// States is how many states were entered, those inside of a Map included.
	// A retry of a task enters none, though AWS counts it as a transition.
	States         int
	Started, Ended time.Time
}

// Status is Succeeded or that of the failure.
func (r Result) Status() walk.Status {
	if r.Failure != nil {
		return r.Failure.Status
	}
	return Succeeded
}

// end notes what a walk has come to, and the reason if it was aborted. An
// error that is no *walk.Failure tells of an execution that could not be
// walked.
func (r *Result) end(output json.RawMessage, err, reason error) {
	r.Output = output
	if err == nil {
		return
	}
	f, ok := errors.AsType[*walk.Failure](err)
	if !ok {
		f = &walk.Failure{Status: walk.Failed, Name: walk.StatesRuntime, Cause: err.Error()}
	}
	if e, ok := errors.AsType[*walk.TaskError](reason); ok && f.Status == walk.Aborted {
		f = &walk.Failure{Status: walk.Aborted, Name: e.Name, Cause: e.Cause}
	}
	r.Failure, r.Output = f, nil
}

// Handle is an execution that was begun. Its methods may be called from
// several goroutines at once.
type Handle struct{ x *execution }

// Started is when the execution was begun.
func (h Handle) Started() time.Time { return h.x.result.Started }

// Done is closed when the execution has ended.
func (h Handle) Done() <-chan struct{} { return h.x.done }

// Result returns how the execution ended; false while it is queued or running.
func (h Handle) Result() (Result, bool) {
	select {
	case <-h.x.done:
		return h.x.result, true
	default:
		return Result{}, false
	}
}

// Abort ends the execution soon, for a reason that becomes its failure's
// cause; a [*walk.TaskError] gives it a name as well. One that has ended stays
// as it is.
func (h Handle) Abort(reason error) { h.x.cancel(reason) }
