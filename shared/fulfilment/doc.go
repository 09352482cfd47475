// Package fulfilment is the state machine of the ledger: what of a wish is
// still open, what may be sent where, and when an operation is done.
//
// It is pure: a ledger, a report and a time go in, a decision comes out. One
// invariant makes duplicates impossible, and everything here serves it:
//
//	remaining = wanted − Σ confirmed − Σ count(INTENT, SENT, UNKNOWN)
//
// Only what remains may be asked for elsewhere. An attempt whose outcome is
// not known keeps its reservation until a replay of its token, or two look-ups
// a consistency lag apart, have said what happened.
//
// A wish counts machines, or units. A machine is worth the units of its type,
// so that the last one may bring more than was left to ask for: what remains is
// then below 0, which asks for nothing.
//
// Where less than all is worth nothing, what was made is given back in the end
// by attempts that undo others; they neither reserve nor ask for anything.
//
// It imports packages broker and fault, and a library for name-based UUIDs.
package fulfilment
