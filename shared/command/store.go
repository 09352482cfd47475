package command

import (
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/quota"
)

// Store is what the operations of this room need of a store.
type Store interface {
	Registry
	Ledger
	Templates
	Requests
	Metrics
	broker.MetricWriter
	broker.TicketTaker
	broker.Keys
	broker.MetaReader
	quota.Store
}

// Over returns s with every port that a store can be, and the limits, on store.
// The clock of s is set before. The store's type is a parameter, so that a
// function, which has one, finds its methods when it is built, not when it starts.
func Over[S Store](store S, s Service) Service {
	s.Registry, s.Ledger, s.Templates, s.Requests = store, store, store, store
	s.Metrics, s.Counters, s.Tickets = store, store, store
	s.Keys, s.Meta = store, store
	s.Quota = quota.Over(store, s.Now)
	return s
}
