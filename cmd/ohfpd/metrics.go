package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/host/eventstream"
	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/host/openmetrics"
)

// exporter tells on /metrics how the store's broker does.
func exporter(store broker.Store) (*openmetrics.Exporter, error) {
	e, err := openmetrics.New(openmetrics.Options{Registry: store, Open: store, Machines: store, Now: time.Now, Version: version})
	if err != nil {
		return nil, fmt.Errorf("telling what is measured: %w", err)
	}
	return e, nil
}

// counted is a store whose decisions and counters the exporter counts as well.
type counted struct {
	broker.Store
	exported *openmetrics.Exporter
}

// TakeStep implements [broker.LedgerWriter].
func (c counted) TakeStep(ctx context.Context, s broker.Step) error {
	if err := c.Store.TakeStep(ctx, s); err != nil {
		return err //nolint:wrapcheck // of the store that stands behind
	}
	c.exported.Stepped(&s)
	return nil
}

// AddMetric implements [broker.MetricWriter].
func (c counted) AddMetric(ctx context.Context, r broker.MetricRow) error {
	return c.exported.Counting(c.Store).AddMetric(ctx, r) //nolint:wrapcheck // of the store that stands behind
}

// streams shows on /v1/events what the store's broker tells.
func streams(store broker.Store, log *slog.Logger) localhost.Stream {
	return eventstream.New(eventstream.Options{Events: store, Now: time.Now, Log: log}).Serve
}
