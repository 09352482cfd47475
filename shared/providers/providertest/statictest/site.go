package statictest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

var _ providertest.Double = (*Site)(nil)

// Pool is the name of the registration of a [Site].
const Pool = "pool-a"

// Site is a pool of real listeners with its driver, book and records.
type Site struct {
	tb      testing.TB
	Hosts   []*Host
	Book    *Faulty
	Records *Records
	Opener  *static.Opener
	Driver  *static.Driver
	Clock   *Clock
}

// Clock is a time that moves when it is told to.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Setup is what differs from site to site. The zero value is a site of twelve
// hosts with an http check, over a book in memory.
type Setup struct {
	Hosts   int
	Book    broker.LeaseBook      // nil: in memory
	Config  func(*config.Static)  // changes the strategy_config
	Options func(*static.Options) // changes the broker's options
}

// NewSite starts a site.
func NewSite(tb testing.TB, s Setup) *Site {
	tb.Helper()
	if s.Hosts == 0 {
		s.Hosts = 12
	}
	if s.Book == nil {
		s.Book = &Book{}
	}
	site := &Site{
		tb: tb, Book: &Faulty{LeaseBook: s.Book}, Records: &Records{},
		Clock: &Clock{now: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)},
	}
	c := config.Static{Check: config.HostCheck{Kind: config.CheckHTTP, TimeoutMS: 5000}, LeaseSeconds: 600}
	for i := range s.Hosts {
		h := StartHost(tb)
		site.Hosts = append(site.Hosts, h)
		c.Hosts = append(c.Hosts, config.Host{Name: HostName(i), Address: h.Address(), Attributes: map[string]any{"ncpus": 4, "type": "X86_64"}})
	}
	if s.Config != nil {
		s.Config(&c)
	}
	site.open(c, s.Options)
	return site
}

// HostName is the name of the i-th host of a site.
func HostName(i int) string { return fmt.Sprintf("host-%02d", i) }

func (s *Site) open(c config.Static, change func(*static.Options)) {
	s.tb.Helper()
	o := static.Options{Leases: s.Book, Machines: s.Records, Now: s.Clock.Now, TempDir: s.tb.TempDir()}
	if change != nil {
		change(&o)
	}
	opener, err := static.New(o)
	if err != nil {
		s.tb.Fatalf("making the opener: %v", err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		s.tb.Fatalf("writing the configuration: %v", err)
	}
	s.Opener = opener
	s.Driver = s.Open(raw)
}

// Open opens the pool with a strategy_config.
func (s *Site) Open(raw json.RawMessage) *static.Driver {
	s.tb.Helper()
	d, err := s.Opener.Open(broker.Registration{Name: Pool, Kind: "static", Zone: "hall-1", Config: raw})
	if err != nil {
		s.tb.Fatalf("opening the pool: %v", err)
	}
	driver, ok := d.(*static.Driver)
	if !ok {
		s.tb.Fatalf("got a %T", d)
	}
	return driver
}

// Leases returns the leases of the pool.
func (s *Site) Leases() []broker.Lease {
	s.tb.Helper()
	leases, err := s.Book.LeaseBook.Leases(s.tb.Context(), Pool)
	if err != nil {
		s.tb.Fatalf("reading the leases: %v", err)
	}
	return leases
}

// stranger holds the hosts that a test does not want to be free.
const stranger = "stranger"

// Free lets a stranger take or give back hosts.
func (s *Site) Free(n int) {
	s.tb.Helper()
	taken := map[string]broker.Lease{}
	for _, l := range s.Leases() {
		taken[l.Host] = l
	}
	for i := range s.Hosts {
		l, held := taken[HostName(i)]
		switch mine := held && l.Token != stranger; {
		case mine:
		case n > 0:
			n--
			s.drop(l, held)
		case !held:
			s.take(HostName(i))
		}
	}
	if n > 0 {
		s.tb.Fatalf("the site has %d hosts too few", n)
	}
}

func (s *Site) drop(l broker.Lease, held bool) {
	s.tb.Helper()
	if !held {
		return
	}
	if _, err := s.Book.LeaseBook.DropLease(s.tb.Context(), Pool, l.Host, l.MachineID); err != nil {
		s.tb.Fatalf("dropping the lease of %s: %v", l.Host, err)
	}
}

func (s *Site) take(host string) {
	s.tb.Helper()
	now := s.Clock.Now()
	l := broker.Lease{Provider: Pool, Host: host, MachineID: "m-" + stranger + host, Token: stranger, TakenAt: now, Until: now.Add(24 * time.Hour)}
	if _, err := s.Book.LeaseBook.TakeLease(s.tb.Context(), l); err != nil {
		s.tb.Fatalf("leasing %s to a stranger: %v", host, err)
	}
}

// Set puts a fault on the pool.
func (s *Site) Set(f providertest.Fault) {
	for _, h := range s.Hosts {
		h.Hang(f == providertest.Hanging)
		if f == providertest.Unreachable {
			h.Close()
		} else {
			h.Open()
		}
	}
	k := Knobs{Blind: f == providertest.Blind}
	switch f {
	case providertest.LostReply:
		k.LoseFrom = 1
	case providertest.CutReply:
		k.LoseFrom, k.RefuseFrom = 2, 3
	default:
	}
	s.Book.Turn(k)
}

// Exist returns the ids of the machines that hold a lease.
func (s *Site) Exist() []string {
	s.tb.Helper()
	var ids []string
	for _, l := range s.Leases() {
		if l.Token != stranger {
			ids = append(ids, l.MachineID)
		}
	}
	return ids
}

// Vanish drops the lease of a machine behind the driver's back.
func (s *Site) Vanish(id string) {
	s.tb.Helper()
	leases := s.Leases()
	i := slices.IndexFunc(leases, func(l broker.Lease) bool { return l.MachineID == id })
	if i < 0 {
		s.tb.Fatalf("no lease is held by %s", id)
	}
	s.drop(leases[i], true)
}

// Record is the broker's record of machines.
func (s *Site) Record(machines []broker.Machine) { s.Records.Record(machines...) }

// Pass moves the clock.
func (s *Site) Pass(d time.Duration) { s.Clock.Advance(d) }

// Harness holds the static driver against providertest over lease books of
// somebody's making; nil: in memory.
func Harness(newBook func(testing.TB) broker.LeaseBook) providertest.Harness {
	return providertest.Harness{
		New: func(tb testing.TB) providertest.Subject {
			tb.Helper()
			var s Setup
			if newBook != nil {
				s.Book = newBook(tb)
			}
			site := NewSite(tb, s)
			return providertest.Subject{
				Driver: site.Driver, Double: site, Provider: Pool,
				Template: broker.ResolvedTemplate{ID: "t", Attributes: map[string]any{"ncpus": 2.0}},
				Misfit:   broker.ResolvedTemplate{ID: "t", Attributes: map[string]any{"ncpus": 64.0}},
			}
		},
		NotApplicable: map[providertest.Fault]string{
			providertest.Throttled:    "a pool of hosts limits no calls",
			providertest.Unauthorized: "a host is asked without credentials",
			providertest.LateFailure:  "a lease is written or it is not: nothing is left pending",
		},
	}
}
