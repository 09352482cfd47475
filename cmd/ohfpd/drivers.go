package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// openers lists the kinds of provider that this broker can talk to: a new one
// is one line here.
func openers(cfg Config, l broker.Store, log *slog.Logger) (providers.Set, error) {
	pools, err := static.New(static.Options{
		Leases: l, Machines: l, Now: time.Now,
		Files: cfg.HostFiles, Commands: cfg.Commands, CommandTimeout: cfg.CommandTimeout, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return providers.Set{}, fmt.Errorf("opening the static kind: %w", err)
	}
	accounts, err := aws.New(aws.Options{
		Config: func(ctx context.Context, profile string) (awssdk.Config, error) {
			return awsProfile(context.WithoutCancel(ctx), log, profile) // it outlives the call that needs it first
		},
		Machines: l, Now: time.Now, Allow: cfg.AddressAllow,
	})
	if err != nil {
		return providers.Set{}, fmt.Errorf("opening the kind aws: %w", err)
	}
	return providers.NewSet(pools, accounts) //nolint:wrapcheck // it names the kind
}
