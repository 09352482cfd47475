// Package writes opens what functions that change something, or that decide,
// are made of: the store and the starter of workflows, behind the operations
// of package command.
//
// It imports command, op, broker, awsenv, settings, table, providers/config,
// store/dynamo, flow/sfn and host/lambdahost. No driver is here: a function
// that registers a provider cannot touch it.
package writes
