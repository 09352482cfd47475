// Package loopback holds ports of this machine for doubles of services that go
// away and come back: while nobody listens at one, connections are refused, and
// no other program can take it.
//
// It imports x/sys.
package loopback
