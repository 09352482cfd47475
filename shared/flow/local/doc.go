// Package local runs the state machines in this process: what Step Functions
// is to the broker on AWS.
//
// A [Runner] walks the deployed definitions, each execution in its own
// goroutine. It keeps nothing: an execution is gone when the process is, and
// the ledger says what to resume. [Flows] start what operations need, [Every] is
// the schedule, [Functions] the function service, each of them a [Step], and
// [SystemClock] the clock.
//
// The package imports op, broker, fault, trace and statemachines.
package local
