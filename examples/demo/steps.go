package main

import "context"

// step is one scene. An error says what was expected and what was seen.
type step struct {
	title string
	run   func(context.Context, *stage) error
}

// steps is the play, in order. A step may rely on those before it.
func steps() []step {
	return []step{
		{"A broker starts on an empty directory", startBroker},
		{"Two pools and a spare are registered", registerPools},
		{"So is a template", registerTemplate},
		{"Every pool was checked at once", showProviders},
		{"Which pool would it be, and why?", selectPool},
		{"Five machines, although the first pool has three hosts", createAcrossPools},
		{"A pool stops answering: the next operation goes around it at once", goAroundClosedPool},
		{"How are the machines?", showStatus},
		{"Machines go back to the pools that own them", terminateAtOwners},
		{"The broker is killed in the middle of a create", killMidCreate},
		{"Started again, it finishes the create by itself", finishAfterRestart},
		{"No host was lost and none given twice", countHosts},
		{"Everything is returned", returnAll},
	}
}
