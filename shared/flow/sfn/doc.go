// Package sfn starts the workflows of operations on AWS Step Functions.
//
// What changes machines runs as a Standard execution, whose name Step
// Functions takes once, so that a start may be repeated until one is
// confirmed. What only reads, for a caller who waits, runs as a synchronous
// Express execution: cheaper and faster, and run at most once and without a
// record when its answer is lost, which harms nobody because it changed
// nothing. How either ended is said by the ledger alone: [Flows.WaitOperation]
// looks there for those that it cannot join.
//
// The package imports broker, fault and the SDK of Step Functions.
package sfn
