// Package walk interprets the subset of Amazon States Language that our state
// machines are written in, so that one process can run the deployed files.
//
// [Load] is strict: a field, state type, resource, error name or path outside
// the subset is an error that names file, state and field, and so is a
// reference to a state that is missing, a state that nothing reaches, or one
// from which no end can be reached. What loads here means the same on AWS;
// docs/adr/0002-asl-subset.md lists the subset and says why.
//
// [Machine.Run] walks one execution. Functions are called by name through an
// [Invoker] and time passes on a [Clock]; the package reads no clock of its
// own and keeps nothing between executions. A function that does not return
// is left behind at its time-out: its goroutine ends when it does, and what it
// says then is dropped.
//
// The package imports the standard library and golang.org/x/sync only.
package walk
