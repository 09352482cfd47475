package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/store/datadir"
	"github.com/openhostfactory/ohfp/shared/store/dynamo"
)

// ledgerStore is a store as the handlers see it.
type ledgerStore interface {
	command.Registry
	command.Ledger
	command.Templates
	broker.TicketTaker
	broker.Keys
	broker.MetaReader
	broker.HealthHistory
	broker.LeaseBook
}

// openedStore is a store with what the daemon has to know about it.
type openedStore struct {
	ledgerStore

	close func() error
	// alone says that no other process works on this store, so that whoever
	// worked on what is open when this process starts is gone.
	alone bool
}

// openStore opens the store that is configured: the embedded one in the data
// directory, or a table that other processes may share.
func openStore(ctx context.Context, cfg Config) (*openedStore, error) {
	if cfg.Table == "" {
		return openEmbedded(ctx, cfg.DataDir)
	}
	lock, err := datadir.Claim(cfg.DataDir) // token and endpoint are in it
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all
	}
	s, err := openTable(ctx, cfg)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &openedStore{ledgerStore: s, close: func() error { return errors.Join(s.Close(), lock.Close()) }}, nil
}

func openTable(ctx context.Context, cfg Config) (*dynamo.Store, error) {
	if cfg.CreateTable {
		if err := createTable(ctx, cfg.Table); err != nil {
			return nil, err
		}
	}
	s, err := dynamo.Open(ctx, dynamo.Options{Table: cfg.Table, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("opening the table %q: %w", cfg.Table, err)
	}
	return s, nil
}

func createTable(ctx context.Context, table string) error {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("reading the AWS configuration: %w", err)
	}
	return dynamo.CreateTable(ctx, ddb.NewFromConfig(c), table) //nolint:wrapcheck // it says what and which
}
