package clouds

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var (
	_ dispatch.Store   = (*dynamo.Store)(nil)
	_ dispatch.Drivers = providers.Set{}
)

// Service is the handler room over a table and the drivers of one cloud.
func Service(store *dynamo.Store, drivers providers.Set) dispatch.Service {
	return dispatch.Over(store, dispatch.Service{
		Drivers: drivers, Flights: new(dispatch.Flights),
		Environment: os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME"), // each execution environment has one of its own
		Now:         time.Now, Jitter: rand.Float64, Log: slog.Default(),
	})
}
