// Package command holds the operations that change something without touching
// a provider: registrations, templates, selection, the start of an operation,
// and the steps of its workflow that only decide.
//
// It may import op, broker, fault, metrics, providers/config, selection,
// breaker and fulfilment; never dispatch, drivers or SDKs.
package command
