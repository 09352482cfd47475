// Package plan says what a stage of the broker on AWS consists of, as values:
// its functions with their rights, routes, workflows, schedules, rules, alarms.
// What can be derived from the catalogue, the schema of the table and the
// definitions of the workflows is derived from them.
//
// It knows nothing of CDK, so that what it says is tested in milliseconds; the
// program in the folder above turns these values into resources, one for one.
//
// It imports catalog, op, broker, statemachines, store/schema, wire and the
// standard library.
package plan
