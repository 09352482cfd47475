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
	a, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w; check AWS_REGION, AWS_PROFILE and the files that they name", err)
	}
	client := ddb.NewFromConfig(a)
	if cfg.CreateTable {
		if err := dynamo.CreateTable(ctx, client, cfg.Table); err != nil {
			return nil, err //nolint:wrapcheck // it says what and which
		}
	}
	s, err := dynamo.Open(ctx, dynamo.Options{Table: cfg.Table, Client: client, Now: time.Now})
	if err != nil {
		return nil, fmt.Errorf("opening the table %q: %w", cfg.Table, err)
	}
	return s, nil
}
