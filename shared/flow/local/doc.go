// Package local runs the state machines in this process: what Step Functions
// is to the broker on AWS.
//
// A [Runner] walks the deployed definitions, each execution in its own
// goroutine. It keeps nothing: an execution is gone when the process is, and
// the ledger says what to resume. [Every] is the schedule, [Functions] the
// function service, [SystemClock] the clock.
//
// The package imports broker, fault and statemachines.
package local
