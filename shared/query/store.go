package query

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// Store is what the operations of this room need of a store.
type Store interface {
	broker.ProviderReader
	broker.HealthHistory
	broker.CapabilityReader
	broker.SweepReader
	broker.OperationReader
	Machines
	broker.TemplateReader
	Requests
	AnswerKeeper
	broker.MetricReader
	broker.AuditReader
	quota.Store
}

// Over returns s with every port that a store can be, and the limits, on store.
// The clock of s is set before. The store's type is a parameter, so that a
// function, which has one, finds its methods when it is built, not when it starts.
func Over[S Store](store S, s Service) Service {
	s.Registry, s.History, s.Capabilities, s.Sweeps = store, store, store, store
	s.Operations, s.Machines, s.Templates, s.Requests = store, store, store, store
	s.Answers, s.Metrics, s.Audit = store, store, store
	s.Quota = quota.Over(store, s.Now)
	return s
}
