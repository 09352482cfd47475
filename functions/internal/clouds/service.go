package clouds

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/dispatch"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/quota"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

var (
	_ dispatch.Ledger        = (*dynamo.Store)(nil)
	_ dispatch.Registrations = (*dynamo.Store)(nil)
	_ dispatch.Drivers       = providers.Set{}
	_ dispatch.Machines      = (*dynamo.Store)(nil)
	_ broker.OpenReader      = (*dynamo.Store)(nil)
	_ broker.SweepRecorder   = (*dynamo.Store)(nil)
	_ broker.MetaReader      = (*dynamo.Store)(nil)
	_ broker.TemplateReader  = (*dynamo.Store)(nil)
	_ broker.LiveWriter      = (*dynamo.Store)(nil)
	_ broker.BlockWriter     = (*dynamo.Store)(nil)
	_ broker.ConfigReader    = (*dynamo.Store)(nil)
	_ broker.HealthRecorder  = (*dynamo.Store)(nil)
	_ broker.CapabilityBook  = (*dynamo.Store)(nil)
	_ broker.MetricWriter    = (*dynamo.Store)(nil)
	_ broker.UseBook         = (*dynamo.Store)(nil)
	_ broker.OwnedReader     = (*dynamo.Store)(nil)
)

// Service is the handler room over a table and the drivers of one cloud.
func Service(store *dynamo.Store, drivers providers.Set) dispatch.Service {
	return dispatch.Service{
		Ledger: store, Registrations: store, Machines: store, Templates: store, Live: store, Blocks: store, Health: store,
		Capabilities: store, Metrics: store, Config: store, Open: store, Sweeps: store, Meta: store, Drivers: drivers,
		Quota:       quota.Book{Uses: store, Owned: store, Ledger: store, Now: time.Now},
		Flights:     new(dispatch.Flights),
		Environment: os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME"), // each execution environment has one of its own
		Now:         time.Now, Jitter: rand.Float64, Log: slog.Default(),
	}
}
