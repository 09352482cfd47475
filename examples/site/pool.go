package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// Pool plays the hosts of one registration: a listener that answers the check,
// can be closed for real, and can hold its answers back. Its methods are safe
// for concurrent use.
//
// The pools of the examples have all their hosts at one address, so that they
// need neither privileges nor a particular operating system.
type Pool struct {
	Name  string
	Hosts []string

	mu     sync.Mutex
	addr   string
	server *http.Server  // nil: closed
	gate   chan struct{} // non-nil: answers wait until it is closed
	held   chan struct{} // a request has begun to wait
}

// file is the part of a registration that a listener needs.
type file struct {
	Name   string `json:"strategy_name"`
	Config struct {
		Hosts []struct {
			Name    string `json:"name"`
			Address string `json:"address"`
		} `json:"hosts"`
		Check struct {
			Port int `json:"port"`
		} `json:"check"`
	} `json:"strategy_config"`
}

// OpenPool reads the registration at path and listens where its check looks, or,
// with anyPort, on a free port of the same address.
func OpenPool(path string, anyPort bool) (*Pool, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading a pool: %w", err)
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("reading the pool of %s: %w", path, err)
	}
	if len(f.Config.Hosts) == 0 {
		return nil, fmt.Errorf("the pool of %s has no hosts", path)
	}
	p := &Pool{Name: f.Name}
	for _, h := range f.Config.Hosts {
		p.Hosts = append(p.Hosts, h.Name)
	}
	port := f.Config.Check.Port
	if anyPort {
		port = 0
	}
	p.addr = net.JoinHostPort(f.Config.Hosts[0].Address, strconv.Itoa(port))
	return p, p.Reopen()
}

// Reopen listens again where the pool listened before.
func (p *Pool) Reopen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		return nil
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", p.addr)
	if err != nil {
		return fmt.Errorf("listening for %s: %w", p.Name, err)
	}
	p.addr = ln.Addr().String()
	p.server = &http.Server{Handler: http.HandlerFunc(p.answer), ReadHeaderTimeout: 5 * time.Second}
	go serve(p.server, ln)
	return nil
}

// serve runs until the server is closed. Any other end of it shows as a pool
// that no longer answers.
func serve(s *http.Server, ln net.Listener) {
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "a pool's listener ended:", err)
	}
}

// Close closes the port with all its connections; a dial is refused from now on.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server == nil {
		return nil
	}
	err := p.server.Close()
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

// Address is where the pool listens, or listened.
func (p *Pool) Address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.addr
}

// Port is the port of Address.
func (p *Pool) Port() int {
	a, err := net.ResolveTCPAddr("tcp", p.Address())
	if err != nil {
		return 0 // Address came from a listener: it always parses
	}
	return a.Port
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
	if p.gate != nil && p.held != nil {
		select {
		case <-p.held: // said already
		default:
			close(p.held)
		}
	}
	return p.gate
}
