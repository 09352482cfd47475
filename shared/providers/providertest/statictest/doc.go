// Package statictest is the double of a host pool: real listeners on loopback
// that can be closed or made to hang, and a lease book whose replies can be
// lost. The lease book behind it is in memory, or any other that a test gives.
//
// It imports static, providertest and what they import.
package statictest
