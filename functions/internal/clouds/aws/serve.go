package aws

import (
	"context"
	"fmt"
	"os"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/functions/internal/awsenv"
	"github.com/openhostfactory/ohfp/functions/internal/clouds"
	"github.com/openhostfactory/ohfp/functions/internal/settings"
	"github.com/openhostfactory/ohfp/functions/internal/table"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var _ providers.Opener = (*aws.Opener)(nil)

// Serve serves an operation that touches AWS until the process ends.
func Serve[In, Out any](o op.Op[dispatch.Service, In, Out]) { lambdahost.Serve(o, open) }

// open returns store_unavailable or internal, with the remedy.
func open(ctx context.Context) (dispatch.Service, error) {
	cfg, err := settings.ForAWS(os.Getenv)
	if err != nil {
		return dispatch.Service{}, err
	}
	here, err := awsenv.Config(os.Getenv)
	if err != nil {
		return dispatch.Service{}, err
	}
	store, err := table.Open(ctx, here, table.Options{Name: cfg.Table, Kept: cfg.Retention})
	if err != nil {
		return dispatch.Service{}, err
	}
	drivers, err := accounts(cfg, here, store)
	if err != nil {
		return dispatch.Service{}, err
	}
	return clouds.Service(store, drivers), nil
}

// accounts is the driver, as the function's own role or as roles that it may
// assume; there are no profiles.
func accounts(cfg settings.AWS, here awssdk.Config, store *dynamo.Store) (providers.Set, error) {
	o, err := aws.New(aws.Options{
		Config:   func(context.Context, string) (awssdk.Config, error) { return here, nil },
		Machines: store, Now: time.Now, NoFiles: true, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return providers.Set{}, fmt.Errorf("opening the kind aws: %w", err)
	}
	return providers.NewSet(o)
}
