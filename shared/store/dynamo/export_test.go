package dynamo

import (
	"context"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// CreateTableWithoutExpiry makes a table that keeps what has expired: the
// clock of tests is not the clock by which DynamoDB deletes.
func CreateTableWithoutExpiry(ctx context.Context, client *ddb.Client, table string) error {
	return createTable(ctx, client, table)
}
