package dynamo_test

import (
	"context"
	"os"
	"testing"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// endpointVariable is where the SDK finds another DynamoDB than AWS's own.
const endpointVariable = "AWS_ENDPOINT_URL_DYNAMODB"

// client returns a client of the DynamoDB that the environment names. Without
// one the test is skipped: tests never reach AWS by chance.
func client(t testing.TB, options ...func(*ddb.Options)) *ddb.Client {
	t.Helper()
	endpoint := os.Getenv(endpointVariable)
	if endpoint == "" {
		t.Skip("NOT TESTED: the DynamoDB store, because " + endpointVariable + " is not set. Run `make test-dynamodb`: it starts DynamoDB Local.")
	}
	return ddb.New(ddb.Options{Region: "us-east-1", BaseEndpoint: awssdk.String(endpoint), Credentials: keys()}, options...)
}

// keys are credentials that DynamoDB Local takes as well as any.
func keys() awssdk.CredentialsProvider {
	return awssdk.CredentialsProviderFunc(func(context.Context) (awssdk.Credentials, error) {
		return awssdk.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
	})
}

// table makes a table for one test.
func table(t testing.TB) string {
	t.Helper()
	c, name := client(t), "ohfp-test-"+uuid.NewString()
	if err := dynamo.CreateTableWithoutExpiry(t.Context(), c, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.DeleteTable(context.Background(), &ddb.DeleteTableInput{TableName: awssdk.String(name)}); err != nil {
			t.Error(err)
		}
	})
	return name
}

// open opens a store that reads each snapshot anew.
func open(t testing.TB, o dynamo.Options) *dynamo.Store {
	t.Helper()
	if o.Client == nil {
		o.Client = client(t)
	}
	s, err := dynamo.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
