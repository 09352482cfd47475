// Package hftest plays calls of schedulers: recorded inputs, with what must
// hold of the answers. It is for tests.
//
// It imports the standard library only.
package hftest
