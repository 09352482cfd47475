// Package sqlite keeps a broker's state in one SQLite file: the store of a
// broker on one machine. It implements every port of package broker.
//
// The file mirrors the table of package schema: one row per item, one index
// per sparse index. Each verb reads, checks, and hands back what it would
// write; a single writer carries verbs out in the order in which they came.
// Verbs that wait together are committed together, so that one sync of the
// disk serves them all. A verb is answered after its commit, never before.
//
// There are two writing connections. What a power cut must not lose (the
// ledger, leases, keys, registrations, templates) is written with
// synchronous=FULL; tickets, breakers and health, which are learnt again, with
// NORMAL. [schema.Verbs] says which verb is which.
//
// It imports packages broker, fault and store/schema, and the SQLite driver.
package sqlite
