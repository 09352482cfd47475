// Package inprocess puts the rooms together to a whole broker in one process: the
// operations of the catalogue over one store, and the workflows walked here.
//
// What differs between brokers is handed in: the store, the drivers, the clock
// and chance. The daemon is one; so are those of tests, which for that reason
// have the daemon's wiring. A function on AWS, which is one operation and links
// one room, puts that room over the store itself.
//
// The package imports catalog, the handler rooms, op and flow/local; no store,
// driver or host.
package inprocess
