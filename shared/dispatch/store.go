package dispatch

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// Store is what the operations of this room need of a store.
type Store interface {
	Ledger
	Registrations
	Machines
	broker.TemplateReader
	broker.LiveWriter
	broker.BlockWriter
	broker.HealthRecorder
	broker.CapabilityBook
	broker.MetricWriter
	broker.ConfigReader
	broker.OpenReader
	broker.SweepRecorder
	broker.MetaReader
	quota.Store
}

// Over returns s with every port that a store can be, and the limits, on store.
// The clock of s is set before. The store's type is a parameter, so that a
// function, which has one, finds its methods when it is built, not when it starts.
func Over[S Store](store S, s Service) Service {
	s.Ledger, s.Registrations, s.Machines, s.Templates = store, store, store, store
	s.Live, s.Blocks, s.Health, s.Capabilities = store, store, store, store
	s.Metrics, s.Config, s.Open, s.Sweeps, s.Meta = store, store, store, store, store
	s.Quota = quota.Over(store, s.Now)
	return s
}
