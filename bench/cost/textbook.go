package main

import "github.com/openhostfactory/ohfp/shared/catalog/counts"

// What a textbook build of a creation asks for: a REST API before a function
// that validates, one that calls the provider and one that stores, under a
// workflow that holds the policy in its states.
const (
	textbookStates = 9
	textbookWrites = 12
)

// textbook is that build. It is not asserted: nobody has built it. Its writes
// are as cheap as they can be, of 1 KB, in no index and no transaction; it
// reads what ours reads, and waits as ours does.
func textbook() counts.Operation {
	ours := counts.Create(machines).AtCloud()
	var calls []counts.Call
	for _, s := range ours.Steps {
		for _, c := range s.Calls {
			if c.Action == "GetItem" || c.Action == "Query" || c.Action == "BatchGetItem" {
				calls = append(calls, c)
			}
		}
	}
	for range textbookWrites {
		calls = append(calls, counts.Call{For: "a row", Action: "PutItem", Rows: []counts.Row{{KB: 1}}})
	}
	return counts.Operation{
		Name: "create, as in a textbook", Flow: counts.Standard, States: make([]string, textbookStates), Awaited: true,
		Steps: []counts.Step{{Function: ours.Steps[0].Function, Calls: calls}, {Function: "provider", Driver: true}, {Function: "store"}},
	}
}
