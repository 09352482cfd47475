// Package broker holds the words of the domain and the ports through which
// the rooms above it reach what is stored: providers and their health, the
// live row of a breaker, templates, operations with their attempts, machines
// and leases.
//
// It imports the standard library and package fault, does no I/O, and reads
// no clock: every time is given to it. Stored times are UTC.
package broker
