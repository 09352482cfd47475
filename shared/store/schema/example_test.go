package schema_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// What a verb costs stands beside the table.
func ExampleVerbs() {
	for _, v := range schema.Verbs() {
		if v.Name == schema.MarkSent {
			fmt.Println(v.Name, v.Writes, v.Call)
		}
	}
	// Output: MarkSent [OP#<operation>/ATT#<n> OP#<operation>/OUT#<n>#<piece>] PutItem, or TransactWriteItems when it has pieces: run and state as seen; Query of the ledger when what refuses it has pieces
}
