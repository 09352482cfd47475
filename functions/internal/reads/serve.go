package reads

import (
	"context"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/functions/internal/table"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/query"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var _ query.Store = (*dynamo.Store)(nil)

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
	store, err := table.Open(ctx, aws, table.Options{Name: cfg.Table, Kept: cfg.Retention})
	if err != nil {
		return query.Service{}, err
	}
	return query.Over(store, query.Service{HasDriver: cfg.Functions.HasDriver, Now: time.Now}), nil
}
