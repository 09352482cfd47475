package wire_test

import (
	"fmt"

	"github.com/openhostfactory/ohfp/shared/wire"
)

func ExampleDecode() {
	type order struct {
		Template string `json:"template_id" doc:"What to make." required:"true" format:"name"`
		Count    int    `json:"count" doc:"How many." min:"1" max:"1000" default:"1"`
	}
	var good, bad order
	fmt.Println(wire.Decode([]byte(`{"template_id":"web"}`), &good, wire.Limits{}), good.Count)
	fmt.Println(wire.Decode([]byte(`{"template_id":"web","cuont":2}`), &bad, wire.Limits{}))
	// Output:
	// <nil> 1
	// invalid_request: cuont: unknown key; did you mean "count"?; cuont: unknown key; did you mean "count"?
}
