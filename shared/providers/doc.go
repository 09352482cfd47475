// Package providers is the port through which machines are made, and the list
// of what implements it. A driver speaks domain words: no SDK type crosses
// the port. What a driver must do is written as tests in providertest, which
// every driver runs against its wire-level double.
package providers
