package main

import (
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/openmetrics"
)

// exporter tells on /metrics how the store's broker does.
func exporter(store ledgerStore) (*openmetrics.Exporter, error) {
	e, err := openmetrics.New(openmetrics.Options{Registry: store, Open: store, Now: time.Now, Version: version})
	if err != nil {
		return nil, fmt.Errorf("telling what is measured: %w", err)
	}
	return e, nil
}
