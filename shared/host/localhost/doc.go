// Package localhost serves operations over HTTP on one machine: routes from
// endpoints, who may call them, and the limits that keep one caller from
// harming the rest.
//
// Every request passes the same doors in the same order: request id, room for
// one more, Host and Origin, credentials, route and method, role, headers,
// body; then the operation. Each door refuses with a problem document
// (RFC 9457) that names the remedy. What a handler returns as an internal
// error is logged and not told.
//
// It imports packages op and fault, and the standard library.
package localhost
