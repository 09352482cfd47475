// Package table opens the store of every function: the broker's DynamoDB table.
//
// It imports settings, store/dynamo and the client of DynamoDB.
package table
