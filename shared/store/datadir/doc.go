// Package datadir claims a data directory for one process: it makes the
// directory, for its owner only, and holds its lock.
//
// It imports package fault.
package datadir
