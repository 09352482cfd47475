package dynamo

import (
	"context"
	"fmt"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

// CreateTableWithoutExpiry makes a table that keeps what has expired: the
// clock of tests is not the clock by which DynamoDB deletes.
func CreateTableWithoutExpiry(ctx context.Context, client *ddb.Client, table string) error {
	return createTable(ctx, client, table)
}

// LayoutRow is the row that says that a table has a layout.
func LayoutRow(version int) map[string]types.AttributeValue {
	item := keyOf(schema.LayoutKey())
	item[attrDoc] = &types.AttributeValueMemberS{Value: fmt.Sprintf(`{"version":%d}`, version)}
	return item
}

// LayoutKey is the key of that row.
func LayoutKey() map[string]types.AttributeValue { return keyOf(schema.LayoutKey()) }

// Table is the table of a store.
func (s *Store) Table() string { return *s.table }
