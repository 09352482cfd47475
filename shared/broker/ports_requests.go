package broker

import (
	"context"
	"time"
)

// Ports of what schedulers ask.

// HostProviderReader reads instances of schedulers.
type HostProviderReader interface {
	// HostProvider returns one by name. not_found.
	HostProvider(ctx context.Context, name string) (HostProvider, error)
}

// HostProviderWriter changes them.
type HostProviderWriter interface {
	// PutHostProvider stores h if the stored version is h.Version (0: none) and
	// returns it with version + 1. *Conflict with the stored HostProvider.
	PutHostProvider(ctx context.Context, h HostProvider) (HostProvider, error)
}

// MachineFinder finds machines by name.
type MachineFinder interface {
	// NamedMachines returns the machines of these names that are not in a final
	// status, in no order: one query for each name.
	NamedMachines(ctx context.Context, names []string) ([]Machine, error)
}

// ReclaimReader reads what providers take back.
type ReclaimReader interface {
	// Reclaims returns the machines that providers take back or have lost and
	// that went after since or are still to go, by id: one query.
	Reclaims(ctx context.Context, since time.Time) ([]Reclaim, error)
}
