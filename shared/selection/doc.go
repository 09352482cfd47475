// Package selection picks providers for an operation: one pure function over
// a snapshot, so that a stored snapshot, ticket and clock replay to the same
// answer, bit for bit, in whatever order the providers were read.
//
// Names become numbers twice, ahead of time: [Compile] once per snapshot, and
// [Snapshot.Prepare] once per request. Both results are immutable and safe to
// share. [Select] then evaluates every rule for every provider on bit sets and
// columns, without allocating:
//
//	snapshot := selection.Compile(&stored)
//	query := snapshot.Prepare(selection.Request{Operation: broker.CreateInstances, Drivers: drivers})
//	var result selection.Result
//	selection.Select(&result, selection.Input{Query: query, Now: now})
//
// The ranked list is the failover order. Who takes a ticket from a shared
// counter does the same in two steps, because the counter's name depends on
// who is eligible: [Filter], then [Result.Scope], then [Result.Rank].
//
// Without a counter, chance comes from a seed, and a key keeps requests
// together: see [Input].
//
// Precedence: exclude > hard filter > soft filter > prefer > priority >
// policy > ticket > name. Health grades come before all that orders: a
// degraded provider ranks after every sound one, a preferred one included.
//
// What was not measured is missing and never zero: it passes limits, and says
// so, and policies take the median or put it last. Where figures decide,
// arithmetic is rounded alike on every processor: no fused operations, and
// logarithm and sine of our own.
//
// A policy is one file and one line in the list of policies. The package
// imports broker only.
package selection
