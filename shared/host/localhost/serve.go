package localhost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of a connection. The API answers within 30 s; the rest is room for a
// handler to notice that its time is up, and to send its answer.
const (
	longestHandler    = 35 * time.Second
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 40 * time.Second
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 16 << 10
	lastWords         = 3 * time.Second // for handlers whose context has ended
)

// Serve answers connections of l until ctx ends; then it takes no more,
// lets the requests in progress finish within grace, and closes. It returns
// nil after a quiet end, and an error when l failed or requests were cut off.
// It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	srv := s.httpServer()
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		s.kill()
		return fmt.Errorf("accepting connections: %w", err)
	case <-ctx.Done():
	}
	err := s.stop(srv, grace)
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("accepting connections: %w", served))
	}
	return err
}

func (s *Server) httpServer() *http.Server {
	return &http.Server{
		Handler:                      s,
		ReadHeaderTimeout:            readHeaderTimeout,
		ReadTimeout:                  readTimeout,
		WriteTimeout:                 writeTimeout,
		IdleTimeout:                  idleTimeout,
		MaxHeaderBytes:               maxHeaderBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelWarn),
	}
}

// stop ends streams, lets requests finish within grace, then ends their contexts, and waits
// a little for their handlers: who closes the store next must find it unused.
func (s *Server) stop(srv *http.Server, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	s.hush()
	err := srv.Shutdown(ctx)
	s.kill()
	if err == nil {
		return nil
	}
	late := s.drain(lastWords)
	return errors.Join(fmt.Errorf("requests were cut off %s after the stop (%d did not end): %w", grace, late, err), srv.Close())
}

// drain waits until no request holds a slot, and returns how many still do.
func (s *Server) drain(limit time.Duration) int {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for free := range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return cap(s.slots) - free
		}
	}
	return 0
}
