package fulfilment

import (
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Work is what a state machine hands to a worker, and what settling answers:
// ids and deadlines only. Parameters stay in the ledger. Every field is always
// written: the definition names each by path.
type Work struct {
	Verdict         Verdict `json:"decision" doc:"Which way the workflow goes."`
	Function        string  `json:"function" doc:"The function that carries the action out."`
	OperationID     string  `json:"operation_id" doc:"The operation." required:"true"`
	Attempt         int     `json:"attempt" doc:"Number of the attempt, from 1."`
	Run             int     `json:"run" doc:"The attempt's fence."`
	Action          Action  `json:"action" doc:"What to do with the attempt."`
	WaitSeconds     int     `json:"wait_seconds" doc:"How long to wait first, in seconds."`
	DriverTimeoutMS int64   `json:"driver_timeout_ms" doc:"The longest driver call, in ms."`
	TimeoutSeconds  int     `json:"timeout_seconds" doc:"The longest task, in seconds."`
}

// Fits reports whether a worker may begin with the attempt as it is stored. A
// second worker under the same fence, as a repeated invocation makes, finds it
// SENT: the first one may be calling, and only settling may say what follows.
func (w *Work) Fits(a *broker.Attempt) bool {
	if a == nil || a.Run != w.Run {
		return false
	}
	switch w.Action {
	case ActResolve, ActFind:
		return a.State == broker.UnknownEffect
	case ActPoll:
		return a.State == broker.Sent && a.Continuation != nil
	case ActTerminate:
		return a.State == broker.Intent || a.State == broker.UnknownEffect
	case ActCreate, ActStatus, ActHealth, ActValidate, ActTemplates:
	}
	return a.State == broker.Intent
}

// WorkOf writes a decision for a state machine. function names the worker of
// a provider kind. Waits are whole seconds, rounded up.
func WorkOf(operationID string, d Decision, function func(kind string) string) Work {
	w := Work{Verdict: d.Verdict, OperationID: operationID}
	if d.Attempt.N == 0 {
		return w
	}
	w.Function, w.Attempt, w.Run, w.Action = function(d.Attempt.Kind), d.Attempt.N, d.Attempt.Run, d.Action
	w.WaitSeconds = int((d.Wait + time.Second - 1) / time.Second)
	w.DriverTimeoutMS = d.Driver.Milliseconds()
	w.TimeoutSeconds = int((d.Task + time.Second - 1) / time.Second)
	return w
}
