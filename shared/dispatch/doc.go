// Package dispatch holds the operations that touch a provider: the worker of
// an attempt and the health probe. It is one of the three handler rooms: what
// is here is linked into the functions of the provider kinds, with a driver.
//
// It may import op, broker, fault, breaker, fulfilment, metrics, providers and
// providers/config; never query or command.
package dispatch
