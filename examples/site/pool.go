package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Pool plays the hosts of one registration: listeners that answer the check,
// can be closed for real, and can hold their answers back. Its methods are
// safe for concurrent use.
type Pool struct {
	Registration Registration // as it is played: with the addresses and the port that are listened at

	mu     sync.Mutex
	server *http.Server // nil: closed
	serves sync.WaitGroup
	gate   chan struct{} // non-nil: answers wait until it is closed
	held   chan struct{} // closed when the first of them waits
}

// OpenPool reads the registration at path and listens where its check looks,
// or, with anyPort, at a free port, which is kept until the process ends: nobody
// else takes it while the pool is closed. Where a system has no loopback address
// but 127.0.0.1, all hosts are played there.
func OpenPool(path string, anyPort bool) (*Pool, error) {
	reg, err := readRegistration(path)
	if err != nil {
		return nil, err
	}
	p := &Pool{Registration: reg}
	err = p.enter(anyPort)
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		p.Registration.moveHosts("127.0.0.1")
		err = p.enter(anyPort)
	}
	return p, err
}

// enter listens for the first time.
func (p *Pool) enter(anyPort bool) error {
	if !anyPort {
		return p.Reopen()
	}
	port := 0
	for _, address := range p.Registration.addresses() {
		kept, _, err := Keep(address, port) // until the process ends
		if err != nil {
			return err
		}
		port = kept
	}
	p.Registration.setPort(port)
	return p.Reopen()
}

// Reopen listens again where the pool listened before.
func (p *Pool) Reopen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		return nil
	}
	listeners, err := p.listen()
	if err != nil {
		return err
	}
	p.server = &http.Server{Handler: http.HandlerFunc(p.answer), ReadHeaderTimeout: 5 * time.Second}
	for _, l := range listeners {
		p.serves.Go(func() { serve(p.server, l) })
	}
	return nil
}

// listen opens a port per address, the same for all: a pool has one check.
func (p *Pool) listen() (all []net.Listener, err error) {
	var lc net.ListenConfig
	for _, address := range p.Registration.addresses() {
		l, err := lc.Listen(context.Background(), "tcp", net.JoinHostPort(address, strconv.Itoa(p.Registration.Port())))
		if err != nil {
			for _, open := range all {
				err = errors.Join(err, open.Close())
			}
			return nil, fmt.Errorf("listening for the hosts of %s: %w", p.Registration.Name, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// serve runs until the server is closed. Any other end of it shows as a pool
// that no longer answers.
func serve(s *http.Server, l net.Listener) {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "a pool's listener ended:", err)
	}
}

// Close closes the ports with all their connections; a dial is refused from
// now on.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	err := p.server.Close()
	p.serves.Wait() // Serve closes what the server did not know of yet
	p.server = nil
	return err
}

// Hold makes every later request wait for its answer until release is called.
// The channel held is closed when the first of them waits.
func (p *Pool) Hold() (held <-chan struct{}, release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	gate := make(chan struct{})
	p.gate, p.held = gate, make(chan struct{})
	return p.held, sync.OnceFunc(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.gate, p.held = nil, nil
		close(gate)
	})
}

func (p *Pool) answer(w http.ResponseWriter, r *http.Request) {
	if gate := p.begin(); gate != nil {
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}

// begin returns the gate to wait at, if there is one, and says that somebody
// waits.
func (p *Pool) begin() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gate != nil {
		select {
		case <-p.held: // said already
		default:
			close(p.held)
		}
	}
	return p.gate
}
