package aws_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
)

func ExampleTags() {
	tags := aws.Tags("aws-west", &broker.CreateSpec{
		BrokerID: "7f1e2d3c-0000-4000-8000-000000000001", OperationID: "01980000-0000-7000-8000-000000000000", Attempt: 2,
		Template: broker.ResolvedTemplate{ID: "web"},
	})
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		fmt.Println(k, tags[k])
	}
	// Output:
	// ohfp:attempt 2
	// ohfp:broker 7f1e2d3c-0000-4000-8000-000000000001
	// ohfp:operation 01980000-0000-7000-8000-000000000000
	// ohfp:provider aws-west
	// ohfp:template web
}
