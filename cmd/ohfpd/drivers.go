package main

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// openers lists the kinds of provider that this broker can talk to: a new one
// is one line here.
func openers(cfg Config, l ledgerStore) (providers.Set, error) {
	pools, err := static.New(static.Options{
		Leases: l, Machines: l, Now: time.Now,
		Files: cfg.HostFiles, Commands: cfg.Commands, CommandTimeout: cfg.CommandTimeout, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return providers.Set{}, fmt.Errorf("opening the static kind: %w", err)
	}
	return providers.NewSet(pools) //nolint:wrapcheck // it names the kind
}
