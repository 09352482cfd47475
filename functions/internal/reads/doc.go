// Package reads opens what functions that read are made of: the store, behind
// the operations of package query.
//
// It imports query, op, awsenv, settings, table, store/dynamo and
// host/lambdahost. A store of another kind, a driver or a starter of workflows
// here would be linked into every query.
package reads
