package dynamo_test

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/config"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// The client is made from the environment: AWS_REGION, AWS_PROFILE, and
// AWS_ENDPOINT_URL_DYNAMODB for another DynamoDB than AWS's own.
func ExampleOpen() {
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := dynamo.Open(ctx, dynamo.Options{Table: "ohfp", Client: ddb.NewFromConfig(cfg)})
	if err != nil {
		fmt.Println(err) // names the table and the remedy
		return
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Ticket(ctx, "round-robin"); err != nil {
		fmt.Println(err)
	}
}
