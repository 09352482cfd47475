// Package sim plays whole sites in virtual time: the broker's own catalogue,
// workflows and rules, over a store that several of its processes share, with
// providers that are down, slow, full or silent by a plan, and processes that
// die between any two writes. It measures what selection, failover and the
// breaker promise under load, beside simpler designs in the same harness.
//
// `go test` plays a few seeds of each scenario and holds its bars. `make sim`
// plays many and prints what it saw: mean and worst, beside bar and goal. A
// seed fixes what happens and when; in which order goroutines of one moment
// run it does not fix, so that figures may differ a little from run to run.
//
// It is tests only, because virtual time is testing/synctest's.
package sim
