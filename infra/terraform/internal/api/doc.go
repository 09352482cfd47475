// Package api calls the operations of a broker: their routes and problems are
// the catalogue's, who calls is proved by a bearer token or by a signature for
// AWS.
//
// It imports packages fault and op, and the SDK of AWS for signatures.
package api
