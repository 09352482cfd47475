package runtimeapi

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Defaults of [Function] and [Options].
const (
	DefaultTimeout     = 3 * time.Second // as on AWS
	DefaultProcesses   = 16
	DefaultMemory      = 128 // MB
	DefaultInitTimeout = 10 * time.Second
	DefaultIdleAfter   = 5 * time.Minute
)

// MaxPayload is the largest event and the largest answer, in bytes.
const MaxPayload = 6<<20 + 100

// Function is a binary and how it is run.
type Function struct {
	Name      string
	Bootstrap string        // path of the executable
	Env       []string      // NAME=value; wins over [Options]
	Timeout   time.Duration // of an invocation; 0: DefaultTimeout
	Memory    int           // MB, told to the function and not enforced; 0: DefaultMemory
	Processes int           // at once; 0: DefaultProcesses
}

// Options configure a server. Functions, Log and Now are needed.
type Options struct {
	Functions   []Function
	Env         []string // NAME=value, of every function; nothing is inherited
	Region      string   // "" : us-east-1
	Account     string   // "" : 000000000000
	Output      io.Writer
	Log         *slog.Logger
	Now         func() time.Time
	InitTimeout time.Duration // from the start to the first event; 0: DefaultInitTimeout
	IdleAfter   time.Duration // how long an unused process is kept; 0: DefaultIdleAfter
}

func (o Options) withDefaults() Options {
	o.Region = or(o.Region, "us-east-1")
	o.Account = or(o.Account, "000000000000")
	o.InitTimeout = or(o.InitTimeout, DefaultInitTimeout)
	o.IdleAfter = or(o.IdleAfter, DefaultIdleAfter)
	if o.Output == nil {
		o.Output = io.Discard
	}
	return o
}

func or[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Server runs functions. Make it with [Start]; it is safe for concurrent use.
type Server struct {
	opt     Options
	pools   map[string]*pool
	address string
	http    *http.Server
	out     *lines
	work    sync.WaitGroup // invocations and processes
	closed  chan struct{}

	mu        sync.Mutex
	processes map[string]*process // by the path that only it knows; nil when closed
}

// Start opens the Runtime API. Processes are started by the first invocation.
// A function twice, and a binary that cannot be run, are errors.
func Start(opt Options) (*Server, error) {
	s := &Server{
		opt: opt.withDefaults(), pools: map[string]*pool{}, closed: make(chan struct{}),
		processes: map[string]*process{},
	}
	s.out = &lines{w: s.opt.Output}
	for _, f := range s.opt.Functions {
		if err := s.add(f); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // binding loopback waits for nobody
	if err != nil {
		return nil, fmt.Errorf("opening the runtime API: %w", err)
	}
	s.address = l.Addr().String()
	s.http = &http.Server{Handler: s.runtimeAPI(), ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(s.opt.Log.Handler(), slog.LevelWarn)}
	go func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.opt.Log.Error("the runtime API ended", "error", err.Error())
		}
	}()
	return s, nil
}

func (s *Server) add(f Function) error {
	if _, twice := s.pools[f.Name]; twice || f.Name == "" {
		return fmt.Errorf("the function %q is given twice or has no name", f.Name)
	}
	info, err := os.Stat(f.Bootstrap)
	if err != nil {
		return fmt.Errorf("looking for the binary of function %q: %w", f.Name, err)
	}
	if !info.Mode().IsRegular() || !executable(info) {
		return fmt.Errorf("the binary of function %q, %s, is not an executable file", f.Name, f.Bootstrap)
	}
	if f.Bootstrap, err = filepath.Abs(f.Bootstrap); err != nil {
		return fmt.Errorf("looking for the binary of function %q: %w", f.Name, err)
	}
	f.Timeout = or(f.Timeout, DefaultTimeout)
	f.Memory = or(f.Memory, DefaultMemory)
	f.Processes = or(f.Processes, DefaultProcesses)
	s.pools[f.Name] = &pool{server: s, function: f, places: make(chan struct{}, f.Processes)}
	return nil
}

// Scan lists the functions of a build: directories that hold a bootstrap, by
// their names. Time-outs and the rest are the caller's to set.
func Scan(dir string) ([]Function, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "bootstrap"))
	if err != nil {
		return nil, fmt.Errorf("looking for functions in %s: %w", dir, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no function in %s: want directories that hold a file named bootstrap", dir)
	}
	functions := make([]Function, len(found))
	for i, path := range found {
		functions[i] = Function{Name: filepath.Base(filepath.Dir(path)), Bootstrap: path}
	}
	return functions, nil
}

// Close kills every process and waits until all is quiet. Invocations in
// progress fail.
func (s *Server) Close() error {
	s.mu.Lock()
	all := s.processes
	if all != nil {
		close(s.closed)
	}
	s.processes = nil
	s.mu.Unlock()
	for _, p := range all {
		p.kill()
	}
	s.work.Wait()
	if err := s.http.Close(); err != nil {
		return fmt.Errorf("closing the runtime API: %w", err)
	}
	return nil
}

// enrol gives p its path. It fails when the server is closed.
func (s *Server) enrol(p *process) error {
	p.path = rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.processes == nil {
		return errClosed
	}
	s.processes[p.path] = p
	return nil
}

func (s *Server) strike(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.processes, p.path)
}

func (s *Server) process(path string) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.processes[path]
}

// arn is the name of a function as AWS writes it.
func (s *Server) arn(function string) string {
	return "arn:aws:lambda:" + s.opt.Region + ":" + s.opt.Account + ":function:" + function
}
