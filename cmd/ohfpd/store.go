package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/datadir"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// openedStore is a store with what the daemon has to know about it.
type openedStore struct {
	broker.Store

	close func() error
	// alone says that no other process works on this store, so that whoever
	// worked on what is open when this process starts is gone.
	alone bool
	// prune deletes what has expired; nil: it goes by itself.
	prune func(ctx context.Context, limit int) (int, error)
}

// openStore opens the store that is configured: the embedded one in the data
// directory, or a table that other processes may share.
func openStore(ctx context.Context, cfg Config, log *slog.Logger) (*openedStore, error) {
	if cfg.Table == "" {
		return openEmbedded(ctx, cfg)
	}
	lock, err := datadir.Claim(cfg.DataDir) // token and endpoint are in it
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all
	}
	s, err := openTable(ctx, cfg, log)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &openedStore{Store: s, close: func() error { return errors.Join(s.Close(), lock.Close()) }}, nil
}

func openTable(ctx context.Context, cfg Config, log *slog.Logger) (*dynamo.Store, error) {
	a, err := awsConfig(ctx, log)
	if err != nil {
		return nil, err
	}
	client := ddb.NewFromConfig(a)
	if cfg.CreateTable {
		if err := dynamo.CreateTable(ctx, client, cfg.Table); err != nil {
			return nil, err //nolint:wrapcheck // it says what and which
		}
	}
	s, err := dynamo.Open(ctx, dynamo.Options{Table: cfg.Table, Client: client, Now: time.Now, OperationsKept: cfg.OperationsKept, MachinesKept: cfg.MachinesKept, AuditKept: cfg.AuditKept})
	if _, missing := errors.AsType[*types.ResourceNotFoundException](err); missing && !cfg.CreateTable {
		return nil, noTable(cfg.Table, a.Region, err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the table %q: %w", cfg.Table, err)
	}
	return s, nil
}

// noTable says what the store does not know: that this process can make one.
func noTable(table, region string, err error) error {
	const text = "There is no table %q in the region %s of this account. Check the name and AWS_REGION, or let --create-table make it."
	return &fault.Error{Code: fault.StoreUnavailable, Detail: fmt.Sprintf(text, table, region), Err: fault.As(err).Err}
}
