//go:build !faultpoints

package main

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// openEmbedded opens the store of a data directory. The handlers see the store
// itself; only builds with the tag faultpoints, which the crash tests make,
// put something between.
func openEmbedded(ctx context.Context, cfg Config) (*openedStore, error) {
	s, err := sqlite.Open(ctx, cfg.DataDir, sqlite.Options{Now: time.Now, OperationsKept: cfg.OperationsKept, MachinesKept: cfg.MachinesKept, AuditKept: cfg.AuditKept})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all
	}
	return &openedStore{Store: s, close: s.Close, alone: true, prune: s.Prune}, nil
}
