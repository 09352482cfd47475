// Package trace notes what one request did, for who asks for it: the snapshot
// that was read, a verdict for each provider, the ticket, each call of the
// store and of a driver.
//
// A host that is asked, and finds the caller entitled, puts a [Recorder] into
// the request's context; whoever has something to tell looks for it with
// [From], which finds none in every other request and then costs nothing but
// the look. What is told are names, states and figures of our own: never what
// a request carries, never a secret. A recorder is bounded, and says how much
// it left out.
//
// The package imports the standard library only, so that every room may tell.
package trace
