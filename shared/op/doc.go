// Package op says what an operation is: one [Spec] beside its handler, from
// which route, subcommand, flags, help, OpenAPI, deadlines and, on AWS,
// function and role are derived. It knows no transport: a host hands it a
// body and gets an answer or a [fault.Error]. What the hosts have to agree on
// about headers and paths is here too, as functions of text.
//
// It imports the standard library and the packages fault and wire only.
package op
