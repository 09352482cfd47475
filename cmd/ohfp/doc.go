// Command ohfp is the client of the broker: one subcommand per operation of
// the catalogue, each field of a request a flag, one document on stdout.
//
// It decodes nothing that it sends or gets beyond what it needs to know: the
// broker judges a request, so that an old client and a new broker agree.
// Schedulers start it at every poll, so it builds the flags of the operation
// that was asked for and no others.
package main
