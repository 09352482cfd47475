package static

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/functions/internal/clouds"
	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/functions/internal/table"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/static"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var (
	_ broker.LeaseBook = (*dynamo.Store)(nil)
	_ providers.Opener = (*static.Opener)(nil)
)

// Serve serves an operation that touches static pools until the process ends.
func Serve[In, Out any](o op.Op[dispatch.Service, In, Out]) { lambdahost.Serve(o, open) }

// open returns store_unavailable or internal, with the remedy.
func open(ctx context.Context) (dispatch.Service, error) {
	cfg, err := settings.ForStatic(os.Getenv)
	if err != nil {
		return dispatch.Service{}, err
	}
	aws, err := awsenv.Config(os.Getenv)
	if err != nil {
		return dispatch.Service{}, err
	}
	store, err := table.Open(ctx, aws, table.Options{Name: cfg.Table, Kept: cfg.Retention})
	if err != nil {
		return dispatch.Service{}, err
	}
	drivers, err := pools(cfg, store)
	if err != nil {
		return dispatch.Service{}, err
	}
	return clouds.Service(store, drivers), nil
}

func pools(cfg settings.Static, store *dynamo.Store) (providers.Set, error) {
	o, err := static.New(static.Options{
		Leases: store, Machines: store, Now: time.Now,
		Files: cfg.HostFiles, Commands: cfg.Commands, CommandTimeout: cfg.CommandTimeout, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return providers.Set{}, fmt.Errorf("opening the static kind: %w", err)
	}
	return providers.NewSet(o)
}
