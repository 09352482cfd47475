// Package providertest is the specification of [providers.Driver], written as
// tests. Every driver runs it against a double of its provider: [Run] with a
// [Harness] that makes both. Faults that a kind of provider cannot have are
// declared with the reason, and the test output lists them.
//
// Package sim is a provider without any machines, for tests of what stands
// above the drivers; package statictest is the double of a host pool.
//
// It imports providers, broker, fault, testing and what tests use.
package providertest
