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
)

// Server serves a cloud on loopback until the test ends.
type Server struct {
	*Cloud

	tb      testing.TB
	mu      sync.Mutex
	address string
	server  *http.Server // nil: closed
	port    net.Listener
}

// Start serves a cloud.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	s := &Server{Cloud: New(o), tb: tb, address: "127.0.0.1:0"}
	s.Open()
	tb.Cleanup(s.Close)
	return s
}

// URL is the endpoint, the same after Close and Open.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address
}

// Open listens again on the same port.
func (s *Server) Open() {
	s.tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return
	}
	l, err := net.Listen("tcp", s.address) //nolint:noctx // binding loopback waits for nobody
	if err != nil {
		s.tb.Fatalf("listening as EC2: %v", err)
	}
	s.address, s.port = l.Addr().String(), l
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
	server, port := s.server, s.port
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	// A server that has not begun to serve knows of no port yet.
	if err := errors.Join(ignoring(port.Close()), ignoring(server.Close())); err != nil {
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
