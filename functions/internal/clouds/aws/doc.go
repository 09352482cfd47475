// Package aws opens what functions of AWS are made of: the store and the driver
// of kind aws, behind the operations of package dispatch.
//
// It imports dispatch, op, awsenv, settings, table, providers/aws,
// store/dynamo and host/lambdahost. A function of one kind of provider links no
// other kind.
package aws
