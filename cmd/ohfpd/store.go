//go:build !faultpoints

package main

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// openStore opens the store of a data directory. The handlers see the store
// itself; only builds with the tag faultpoints, which the crash tests make,
// put something between.
func openStore(ctx context.Context, dir string) (*sqlite.Store, ledgerStore, error) {
	s, err := sqlite.Open(ctx, dir, sqlite.Options{Now: time.Now})
	return s, s, err
}
