package ec2test

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers/providertest/loopback"
)

// Server serves a cloud on loopback until the test ends.
type Server struct {
	*Cloud

	tb       testing.TB
	port     loopback.Port
	mu       sync.Mutex
	server   *http.Server // nil: closed
	listener net.Listener
}

// Start serves a cloud.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := &Server{Cloud: New(o), tb: tb, port: loopback.Hold(tb)}
	s.Open()
	tb.Cleanup(s.Close)
	return s
}

// URL is the endpoint, the same after Close and Open.
func (s *Server) URL() string { return "http://" + s.port.Address() }

// Open listens again on the same port.
func (s *Server) Open() {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return
	}
	l, err := s.port.Listen(s.tb.Context())
	if err != nil {
		s.tb.Fatalf("listening as EC2: %v", err)
	}
	s.listener = l
	s.server = &http.Server{Handler: s.Cloud, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func(server *http.Server) {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			s.tb.Errorf("serving as EC2: %v", err)
		}
	}(s.server)
}

// Close closes the port and all connections: the next one is refused.
func (s *Server) Close() {
	s.mu.Lock()
	server, listener := s.server, s.listener
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	// A server that has not begun to serve knows of no port yet.
	if err := errors.Join(ignoring(listener.Close()), ignoring(server.Close())); err != nil {
		s.tb.Errorf("closing as EC2: %v", err)
	}
}

// ignoring drops the error of what was closed already.
func ignoring(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
