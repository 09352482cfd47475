package writes

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/functions/internal/table"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/flow/sfn"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var (
	_ command.Store  = (*dynamo.Store)(nil)
	_ command.Flows  = (*sfn.Flows)(nil)
	_ command.Prober = (*sfn.Flows)(nil)
)

// Serve serves an operation that changes something until the process ends.
// Commands honour idempotency keys.
func Serve[In, Out any](o op.Op[command.Service, In, Out]) {
	lambdahost.ServeEndpoint(o, func(ctx context.Context) (op.Endpoint, error) {
		s, err := open(ctx)
		if err != nil {
			return op.Endpoint{}, err
		}
		return command.Bind(o, s), nil
	})
}

// open returns store_unavailable or internal, with the remedy.
func open(ctx context.Context) (command.Service, error) {
	cfg, err := settings.ForWrites(os.Getenv)
	if err != nil {
		return command.Service{}, err
	}
	aws, err := awsenv.Config(os.Getenv)
	if err != nil {
		return command.Service{}, err
	}
	store, err := table.Open(ctx, aws, table.Options{Name: cfg.Table, Kept: cfg.Retention, SnapshotAge: cfg.SnapshotAge})
	if err != nil {
		return command.Service{}, err
	}
	flows, err := workflows(cfg, aws, store)
	if err != nil {
		return command.Service{}, err
	}
	return command.Over(store, command.Service{
		Flows: flows, Prober: flows,
		Functions: command.Functions{Attempt: cfg.Functions.Attempt, Probe: cfg.Functions.Probe, Sweep: cfg.Functions.Sweep, Settle: cfg.Functions.Settle},
		Lag:       config.Lag, Now: time.Now, NewID: newID, Log: slog.Default(),
	}), nil
}

func workflows(cfg settings.Writes, aws awssdk.Config, ledger broker.OperationReader) (*sfn.Flows, error) {
	f, err := sfn.New(sfn.Options{
		ExecuteStandard: cfg.Machines.ExecuteStandard, ExecuteExpress: cfg.Machines.ExecuteExpress,
		HealthCheck: cfg.Machines.HealthCheck, Due: cfg.Functions.Due, Ledger: ledger, Log: slog.Default(),
		Client: awssfn.NewFromConfig(aws),
	})
	if err != nil {
		return nil, fmt.Errorf("opening the workflows: %w", err)
	}
	return f, nil
}

// newID makes ids that sort by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
