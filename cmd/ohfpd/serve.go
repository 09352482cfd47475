package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/openhostfactory/ohfp/shared/host/localhost"
	"github.com/openhostfactory/ohfp/shared/host/telemetry"
	"github.com/openhostfactory/ohfp/shared/op"
)

// How long a stop may take: first the requests in progress, then what runs in
// the background, then the store.
const (
	requestGrace    = 30 * time.Second // as long as the API lets a request take
	backgroundGrace = 10 * time.Second
	closeGrace      = 5 * time.Second
)

// site is the broker behind the server. wire makes it.
type site struct {
	Endpoints []op.Endpoint
	OpenAPI   []byte
	Ready     func() error                // nil when the store answers
	Run       func(context.Context) error // resumes open operations, then ticks until the context ends
	Close     func(context.Context) error // after Run has ended and no request is in progress

	Metrics   localhost.Metrics
	Events    localhost.Stream
	Forward   localhost.Forwarder // nil: the endpoints serve
	InvokeURL string              // of the Lambda API; "": there is none
}

// serve runs the broker until ctx ends.
func serve(ctx context.Context, cfg Config, w world) (err error) {
	out, closeLog, err := openLog(cfg, w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLog()) }()
	log := telemetry.New(out, cfg.LogLevel)

	s, err := wire(ctx, cfg, log, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSite(s)) }()

	d, err := open(ctx, cfg, s, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.leave()) }()
	d.announce(w)
	return d.run(ctx)
}

// openLog opens where the log goes. A line is written at once, so that several
// may write.
func openLog(cfg Config, w world) (io.Writer, func() error, error) {
	if cfg.LogFile == "" {
		return w.stderr, func() error { return nil }, nil
	}
	f, err := telemetry.OpenFile(cfg.LogFile)
	if err != nil {
		return nil, nil, usage("%w: choose another with --log-file", err)
	}
	return f, f.Close, nil
}

func closeSite(s *site) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		return fmt.Errorf("closing the store: %w", err)
	}
	return nil
}

// open makes the daemon's door: token, routes, address. The store, which
// holds the lock of the data directory, is open before.
func open(ctx context.Context, cfg Config, s *site, log *slog.Logger) (*daemon, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data directory %s cannot be made (%w): choose another with --data-dir", cfg.DataDir, cause(err))
	}
	tokens, err := loadTokens(cfg.DataDir)
	if err != nil {
		return nil, err
	}
	server, err := localhost.New(localhost.Config{
		Endpoints: s.Endpoints, OpenAPI: s.OpenAPI, Auth: tokens, Roles: cfg.Roles, Hosts: cfg.Hosts,
		Ready: s.Ready, Log: log, Now: time.Now, Metrics: s.Metrics, Events: s.Events, Forward: s.Forward,
	})
	if err != nil {
		return nil, fmt.Errorf("making the server: %w", err)
	}
	l, err := localhost.Listen(ctx, cfg.Listen, cfg.TLS)
	if errors.Is(err, localhost.ErrAddress) {
		return nil, &usageError{err}
	}
	if err != nil {
		return nil, err
	}
	return enter(cfg, &daemon{site: s, server: server, listener: l, log: log})
}
