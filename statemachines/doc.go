// Package statemachines holds the workflows as they are deployed, in Amazon
// States Language, and gives them to whoever deploys or walks them.
//
//   - execute_with_failover carries one operation out.
//   - health_check checks the providers whose check is due.
//   - reconcile resumes operations that nobody moves.
//
// A definition owns time, retries and loops; decisions are taken in Go by the
// functions that it calls. Which fields it may use is set down in
// docs/adr/0002-asl-subset.md, and package walk refuses all others.
// testdata/corpus says, case by case, what each definition does; its README
// is enough to run the cases with another interpreter.
//
// The package imports the standard library and walk only.
package statemachines
