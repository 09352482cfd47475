package bundle_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/bundle"
)

// What is private is known by its name.
func ExampleDocument() {
	clean, leftOut, err := bundle.Document([]byte(`{"provider_name": "pool-a", "session_token": "s3cret"}`))
	fmt.Println(string(clean), leftOut, err)
	// Output:
	// {
	//   "provider_name": "pool-a",
	//   "session_token": "[redacted]"
	// }
	//  [session_token] <nil>
}
