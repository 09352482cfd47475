// Package static opens what functions of static pools are made of: the store
// and the driver of kind static, behind the operations of package dispatch.
//
// It imports dispatch, op, broker, awsenv, settings, table, providers/static,
// store/dynamo and host/lambdahost. A function of one kind of provider links no
// other kind.
package static
