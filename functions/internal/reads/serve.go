package reads

import (
	"context"
	"os"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var (
	_ broker.ProviderReader   = (*dynamo.Store)(nil)
	_ broker.HealthHistory    = (*dynamo.Store)(nil)
	_ broker.CapabilityReader = (*dynamo.Store)(nil)
	_ broker.OperationReader  = (*dynamo.Store)(nil)
	_ broker.MachineLister    = (*dynamo.Store)(nil)
	_ broker.MachineReader    = (*dynamo.Store)(nil)
	_ broker.TemplateReader   = (*dynamo.Store)(nil)
	_ broker.MetricReader     = (*dynamo.Store)(nil)
)

// Serve serves a query until the process ends.
func Serve[In, Out any](o op.Op[query.Service, In, Out]) { lambdahost.Serve(o, open) }

// open returns store_unavailable or internal, with the remedy.
func open(ctx context.Context) (query.Service, error) {
	cfg, err := settings.ForReads(os.Getenv)
	if err != nil {
		return query.Service{}, err
	}
	aws, err := awsenv.Config(os.Getenv)
	if err != nil {
		return query.Service{}, err
	}
	store, err := dynamo.Open(ctx, dynamo.Options{
		Table: cfg.Table, Client: ddb.NewFromConfig(aws), Now: time.Now,
		OperationsKept: cfg.Retention.Operations, MachinesKept: cfg.Retention.Machines,
	})
	if err != nil {
		return query.Service{}, err
	}
	return query.Service{
		Registry: store, History: store, Capabilities: store, Operations: store, Machines: store, Templates: store, Metrics: store,
		HasDriver: cfg.Functions.HasDriver, Now: time.Now,
	}, nil
}
