// Package eventqueue reads events of EventBridge from a queue of SQS and hands
// them to an operation: it is for a broker that no bus can call.
//
// A message is deleted once its event is recorded, so that none is lost when
// the broker dies in between; what then comes twice changes nothing. An event
// of a machine that this broker does not know is left for the others on the
// queue, and for a record that is on its way, and deleted once it was handed out
// often enough for all of them. What cannot be read is not read for ever: after
// a few tries it is deleted, unless the queue has moved it away before.
//
// It imports the client of SQS, and fault.
package eventqueue
