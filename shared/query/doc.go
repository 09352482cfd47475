// Package query holds the operations that read.
//
// It may import op, broker, fault, wire, metrics and providers/config; never
// command, dispatch, drivers or SDKs.
package query
