// Package eventstream shows what a broker tells to programs that listen, as
// server-sent events (HTML Living Standard, "Server-sent events"): each with its
// id, so that who was cut off goes on after the last one that he has.
//
// Every stream reads the store by itself, from where its reader stands. So a
// slow reader delays nobody, nothing is kept for him in memory, and several
// brokers that share a store each show what any of them did.
//
// It imports packages broker and fault.
package eventstream
