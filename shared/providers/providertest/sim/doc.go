// Package sim is a provider without any machines: a [providers.Driver] that
// keeps its state in memory, remembers tokens, runs out of room, and fails as a
// script says, before or after an effect. Tests of failover use it, and count
// what exists: a machine that was made twice shows.
//
// It passes providertest itself. It imports providers, broker and fault.
package sim
