package dynamo_test

import (
	"context"
	"fmt"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// The client is made from the environment: AWS_REGION, AWS_PROFILE, and
// AWS_ENDPOINT_URL_DYNAMODB for another DynamoDB than AWS's own.
func ExampleOpen() {
	ctx := context.Background()
	s, err := dynamo.Open(ctx, dynamo.Options{Table: "ohfp"})
	if err != nil {
		fmt.Println(err) // names the table and the remedy
		return
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Ticket(ctx, "round-robin"); err != nil {
		fmt.Println(err)
	}
}
