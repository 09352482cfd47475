package table

import (
	"context"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// Options are what a function is told of its table.
type Options struct {
	Name        string
	Kept        settings.Retention
	SnapshotAge time.Duration // see [dynamo.Options]
}

// Open opens the table by the clock of the machine. store_unavailable with the
// remedy.
func Open(ctx context.Context, aws awssdk.Config, o Options) (*dynamo.Store, error) {
	return dynamo.Open(ctx, dynamo.Options{
		Table: o.Name, Client: ddb.NewFromConfig(aws), Now: time.Now, SnapshotAge: o.SnapshotAge,
		OperationsKept: o.Kept.Operations, MachinesKept: o.Kept.Machines, AuditKept: o.Kept.Audit,
	})
}
