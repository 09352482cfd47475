package static_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// unchecked makes every host count as up, for tests of leases alone.
func unchecked(c *config.Static) { c.Check = config.HostCheck{Kind: config.CheckNone, TimeoutMS: 1000} }

// tcp checks hosts by a connection.
func tcp(c *config.Static) { c.Check = config.HostCheck{Kind: config.CheckTCP, TimeoutMS: 5000} }

// wish is the n-th creation of a test.
func wish(n, count int) broker.CreateSpec {
	return broker.CreateSpec{
		OperationID: fmt.Sprintf("op-%d", n), Attempt: 1, Count: count,
		Token: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "op-%d", n)).String(),
	}
}

func names(machines []broker.Machine) []string {
	var list []string
	for _, m := range machines {
		list = append(list, m.Name)
	}
	return list
}

func expectNames(t *testing.T, machines []broker.Machine, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, names(machines)); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}

// made creates machines and expects all of them.
func made(t *testing.T, d *static.Driver, spec broker.CreateSpec) []broker.Machine {
	t.Helper()
	r, err := d.Create(t.Context(), spec)
	if err != nil || len(r.Machines) != spec.Count {
		t.Fatalf("creating %d: %v, %+v", spec.Count, err, r)
	}
	return r.Machines
}

// expectError expects a provider error of a class, sent or not, and returns it.
func expectError(t *testing.T, err error, class fault.Class, sent bool) *fault.ProviderError {
	t.Helper()
	p := fault.AsProvider(err)
	if p == nil || p.Class != class || p.Sent != sent || p.Message == "" {
		t.Fatalf("got %+v, want %s with a message, sent %v", p, class, sent)
	}
	return p
}

func expectShortfall(t *testing.T, r providers.CreateResult, class fault.Class) *fault.ProviderError {
	t.Helper()
	if len(r.Shortfall) == 0 {
		t.Fatal("nothing says why there are fewer")
	}
	return expectError(t, r.Shortfall[0], class, false)
}

// soon is a context that ends after a while of virtual time.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// ending is a context whose time is over when the test says so, and not by a
// clock, which may be quicker than what it is about.
type ending struct {
	context.Context //nolint:containedctx // it is one

	once   sync.Once
	waited chan struct{} // closed when somebody waits for the end
	over   chan struct{}
}

// endsOnce is a context whose time is over once ok.
func endsOnce(t *testing.T, ok func(e *ending) bool) *ending {
	t.Helper()
	e := &ending{Context: t.Context(), waited: make(chan struct{}), over: make(chan struct{})}
	go func() {
		defer close(e.over)
		for tick := time.Tick(time.Millisecond); !ok(e); {
			select {
			case <-tick:
			case <-e.Context.Done():
				return
			}
		}
	}()
	return e
}

// isWaitedFor reports whether somebody waits for the end.
func (e *ending) isWaitedFor() bool {
	select {
	case <-e.waited:
		return true
	default:
		return false
	}
}

func (e *ending) Done() <-chan struct{} {
	e.once.Do(func() { close(e.waited) })
	return e.over
}

func (e *ending) Err() error {
	select {
	case <-e.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// mute dials hosts in memory, of which some never answer.
type mute struct {
	mu     sync.Mutex
	silent map[string]bool // by address
}

func (m *mute) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	m.mu.Lock()
	silent := m.silent[address]
	m.mu.Unlock()
	if silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	here, _ := net.Pipe()
	return here, nil
}

// hush has a host never answer again.
func (m *mute) hush(h *statictest.Host) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.silent[h.Address()] = true
}

// free has all answer.
func (m *mute) free() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.silent)
}

// inMemory is a site for virtual time: its listeners are closed, and its hosts
// are reached by the dialler alone.
func inMemory(t *testing.T, setup statictest.Setup, dialer static.Dialer) *statictest.Site {
	t.Helper()
	setup.Options = func(o *static.Options) { o.Dialer = dialer }
	s := statictest.NewSite(t, setup)
	for _, h := range s.Hosts {
		h.Close()
	}
	return s
}

// resolver answers from a map and counts.
type resolver struct {
	mu    sync.Mutex
	names map[string][]netip.Addr
	asked int
}

func (r *resolver) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	return r.names[host], nil
}

// second opens the pool of a site in another process: another opener over the
// same book and records.
func second(t *testing.T, s *statictest.Site, c config.Static) *static.Driver {
	t.Helper()
	o, err := static.New(static.Options{Leases: s.Book, Machines: s.Records, Now: s.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	d, err := o.Open(broker.Registration{Name: statictest.Pool, Kind: "static", Config: raw(t, c)})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*static.Driver)
}
