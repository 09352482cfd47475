// Package breaker decides when a provider's calls are held back, from the row
// that all callers of that provider share ([broker.Live], one per provider and
// class of operation). It holds no state and does no I/O: it says which
// conditional write to try, and what a call that ended has to write.
//
// A call takes four steps:
//
//  1. [Admit] names the write that lets it in: begin, or probe while
//     half-open. After a *broker.Conflict, Admit again with the row that it
//     carries. Denied: [RetryAt] says until when.
//  2. [Began] keeps what the end must know.
//  3. [Call.End] names the writes of its end, each once.
//  4. [Call.After] reads the row after them, and may name one more: the run of
//     failures is over, or long enough to open.
//
// A conflict in steps 3 and 4 means that somebody else moved the row on; the
// late answer counts nowhere and the conflict is dropped.
//
// What opens a breaker: a run of failures; the share of the window's calls that
// failed, or that were slow; three scheduled checks that failed in a row
// ([Failed]); calls that have begun and do not end ([Call.Hung]); and, at once, refused
// credentials. A failure that arises in the caller's own environment is evidence
// once another environment has met one too. A scheduled check that passes
// may let a call be tried before its time ([Passed]), and closes nothing; one
// whose prober died says nothing at all.
//
// There are no timers: OPEN past its time is half-open by reading,
// and a permit past its lease is free, so a prober that died blocks nobody.
//
// The package imports broker and fault only.
package breaker
