// Package meter counts what goes to DynamoDB as AWS bills it. A [Meter] is an
// HTTP handler that stands between clients and an endpoint that checks no
// signatures, which DynamoDB Local is: it asks for the consumed capacity of
// every call and keeps a [Call] of each. It is for tests and for the figures of
// costs; no product links it.
//
// What the endpoint reports is taken, and put right where DynamoDB Local
// differs from what AWS documents: a read that finds nothing is billed as one
// of the smallest item, so is each key of a batch; each item of a transaction
// is rounded up by itself, and a condition check costs as much as a write; and
// a write that its condition refuses is billed by the larger of the item as it
// is stored, as far as the refusal shows it, and the item that was to be put.
// Of items that a transaction updates, deletes or checks the size is not known:
// they count as the smallest. Writes of an index inside of a transaction are
// counted double, as DynamoDB Local has them; AWS does not say.
//
// A transaction that is repeated under its token is counted as written again.
// A call whose caller hangs up before the answer is not counted.
//
// It imports package store/schema, which knows the names of the keys.
package meter
