// Package sqstest is a double of one queue of SQS, over HTTP, for the real
// client: what was received is hidden for a while and comes again unless it is
// deleted, an answer may be lost after its effect, a message may be handed out
// twice, and what was received too often may be moved away.
//
// It imports the standard library only.
package sqstest
