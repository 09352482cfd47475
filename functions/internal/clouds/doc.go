// Package clouds is what the functions of every cloud are made of beside their
// driver: the steps of the workflows that touch a provider, on DynamoDB.
//
// It imports dispatch, the store and the driver port; no driver.
package clouds
