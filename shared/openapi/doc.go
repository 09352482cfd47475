// Package openapi derives the OpenAPI 3.1 description of the API from the
// catalogue: routes and examples from the specs, schemas from the struct tags.
// Nothing in the document is written by hand twice, and its order follows from
// the catalogue, so that a diff of it is a diff of the contract.
//
// It imports op, wire and fault.
package openapi
