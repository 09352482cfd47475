package statictest

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers/providertest/loopback"
)

// Host is a real listener on loopback that answers TCP and HTTP. Its switches
// may be turned while it is checked.
type Host struct {
	tb       testing.TB
	port     loopback.Port
	mu       sync.Mutex
	server   *http.Server // nil: closed
	listener net.Listener
	released chan struct{} // closed: requests are answered; else they hang
	status   int
	visits   int
}

// StartHost starts a host that is up until the test ends.
func StartHost(tb testing.TB) *Host {
	tb.Helper()
	h := &Host{tb: tb, port: loopback.Hold(tb), status: http.StatusOK, released: make(chan struct{})}
	close(h.released)
	h.Open()
	tb.Cleanup(func() { h.Hang(false); h.Close() })
	return h
}

// Address is host:port, the same after Close and Open.
func (h *Host) Address() string { return h.port.Address() }

// Visits is how many connections were opened to the host.
func (h *Host) Visits() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.visits
}

// Answer sets the status of answers to HTTP requests.
func (h *Host) Answer(status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = status
}

// Hang lets HTTP requests wait for ever, or releases them.
func (h *Host) Hang(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.released:
		if on {
			h.released = make(chan struct{})
		}
	default:
		if !on {
			close(h.released)
		}
	}
}

// Open listens again on the same port.
func (h *Host) Open() {
	h.tb.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server != nil {
		return
	}
	l, err := h.port.Listen(h.tb.Context())
	if err != nil {
		h.tb.Fatalf("listening as a host of the pool: %v", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(h.serve), ReadHeaderTimeout: time.Minute, ConnState: h.count}
	h.server, h.listener = s, l
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			h.tb.Errorf("serving as a host of the pool: %v", err)
		}
	}()
}

// Close closes the port and all connections: the next one is refused.
func (h *Host) Close() {
	h.mu.Lock()
	s, l := h.server, h.listener
	h.server = nil
	h.mu.Unlock()
	if s == nil {
		return
	}
	err := s.Close()
	if cerr := l.Close(); !errors.Is(cerr, net.ErrClosed) { // the server does not know it before it serves
		err = errors.Join(err, cerr)
	}
	if err != nil {
		h.tb.Errorf("closing a host of the pool: %v", err)
	}
}

func (h *Host) count(_ net.Conn, s http.ConnState) {
	if s == http.StateNew {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.visits++
	}
}

func (h *Host) serve(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	released, status := h.released, h.status
	h.mu.Unlock()
	select {
	case <-released:
	case <-r.Context().Done():
	}
	if status/100 == 3 {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
}
