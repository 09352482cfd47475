// Package dynamo keeps a broker's state in one DynamoDB table: the store that
// several processes share. It implements every port of package broker.
//
// The table is that of package schema. A row has its document in the attribute
// doc as JSON, and beside it, flat, only what a condition reads or a counter
// adds to; where the two could differ, the flat attribute is the truth:
//
//	by                                          every row: the write that made it what it is
//	version                                     registrations, templates, operations, leases
//	run, state                                  attempts: the fence
//	free_at, answer_until, held                 idempotency keys
//	free, machine                               leases
//	health, checked_at, said, said_before,
//	failed, next_check_at, check_started_at     what selection reads of a provider: written apart from doc
//	digest, digest_at                           what was measured of a provider, apart from doc too
//	checked_at                                  what a provider was seen to offer: when
//	n                                           counters
//	n … h31, f_* e_* t_* m_*                    what is measured, which has no doc (metrics.go)
//	state … permits, fail_run, retry_debt,
//	m* f*, s* … w*                              breakers, which have no doc (live_row.go)
//
// A verb is one call or one transaction, as [schema.Verbs] lists them. A
// condition that does not hold brings the stored row with the refusal
// (ALL_OLD), so that a *broker.Conflict costs no read.
//
// Retries are made in one layer, the SDK's standard retryer with a short
// backoff; every call has a time-out. A repeated call must not take its own
// first effect for another's: each write carries an id, in the attribute by or,
// for a transaction, as its ClientRequestToken. A refusal that shows the
// write's own id is its success. Only where another writer came in between is
// that not seen: then a conditional write is a conflict with the newer row, a
// ticket is skipped, a call is counted twice until its minute has passed, and
// so is one in the metrics, for as long as they are kept.
//
// The base table is read strongly, but for the breakers in a snapshot that may
// be kept, which are a hint: the conditional write decides. Indexes are eventually consistent;
// whoever finds an operation there reads its ledger before it acts.
//
// It imports packages broker, fault and store/schema, and the AWS SDK.
package dynamo
