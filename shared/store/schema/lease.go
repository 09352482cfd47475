package schema

import "github.com/openhostfactory/ohfp/shared/broker"

// LeaseRow is a lease as stored. A freed host keeps its row, so that its
// version never goes back: who saw an old lease cannot take a newer one's
// place.
type LeaseRow struct {
	broker.Lease
	Free bool `json:"free,omitempty"`
}

// Held returns the lease, or the zero Lease when the host is free.
func (r LeaseRow) Held() broker.Lease {
	if r.Free {
		return broker.Lease{}
	}
	return r.Lease
}

// LeaseItem makes the row of a lease.
func LeaseItem(r LeaseRow) (Item, error) { return Row(LeaseKey(r.Provider, r.Host), r) }
