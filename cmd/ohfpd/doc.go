// Command ohfpd is the broker of one machine: the operations of the API over
// HTTP, on an embedded store, in one process.
//
// It puts every room together and is the only place that does; docs/configuration.md
// is its manual. Here are the process itself (flags, configuration file,
// data directory, token, signals) and, in wire.go, who is given what.
package main
