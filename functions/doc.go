// Package functions is the folder of the functions: one per row of the
// catalogue, a row of a step that touches providers one per kind of provider. A
// folder is named like its operation, and holds a main of one line.
//
// What a function links, it can do and has to load. So there are three cones,
// by the room of the handler, and each has its opener, the one place that says
// what the ports of the room are there:
//
//	internal/reads          queries: the store
//	internal/writes         commands, and steps that decide: the store and Step Functions
//	internal/clouds/<kind>  steps that touch a provider: the store and one driver
//
// A query that is given the opener of another room does not compile. The tests
// of this package hold the folders to the catalogue, and the cones to what the
// linker sees.
package functions
