// Package counts lists what requests make AWS do: which functions are invoked,
// which states are entered, and every call of DynamoDB by what it is for. The
// tests hold the list against the handlers, the state machines and the store on
// DynamoDB Local; bench/cost turns it into money. It is one list, so that a
// price is the price of what was asserted.
//
// The list is that of warm processes with nobody else at work. Beside it may
// come: a call of DynamoDB that is refused because another process changed a
// breaker in between, and is made again; the look of a caller who waits; the
// mark of the first operation of a day; and what a process reads when it
// starts.
//
// It imports nothing but the standard library.
package counts
