// Package storetest is the specification of a store, as tests: every contract
// of the ports of package broker, races with one winner, paging across
// restarts, fences, expiry by the reader's clock, and random sequences against
// a model. An adapter runs it with [Run].
//
// [Memory] is a store in maps that passes the same suite. It is the model that
// random sequences are compared with, and a fake for the tests of other
// packages. It shares no code with an adapter.
//
// The package imports packages broker and fault, and what tests import.
package storetest
