// Package fault is the vocabulary of failure: how a provider's error is
// treated ([Class]), what the API answers ([Code]), and the one table that
// ties both to HTTP status, workflow error name, failover and breaker.
//
// Every edge (HTTP, workflow, command line) and every decision (failover,
// breaker) reads that table and none keeps one of its own. The package
// imports the standard library only.
package fault
