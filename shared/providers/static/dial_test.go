package static_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

// never fails the test when it is asked to dial.
type never struct{ t *testing.T }

func (d never) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	d.t.Errorf("%s was dialled", address)
	return nil, net.ErrClosed
}

func named(check string) func(*config.Static) {
	return func(c *config.Static) {
		c.Check = config.HostCheck{Kind: check, TimeoutMS: 5000}
		for i := range c.Hosts {
			c.Hosts[i].Address = "node.example.org:80"
		}
	}
}

func TestChecks_never_call_addresses_that_names_hide(t *testing.T) {
	for _, address := range []string{
		"169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16",
		"::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "ff02::1",
	} {
		for _, kind := range []string{config.CheckTCP, config.CheckHTTP} {
			r := &resolver{names: map[string][]netip.Addr{"node.example.org": {netip.MustParseAddr(address)}}}
			s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: named(kind), Options: func(o *static.Options) {
				o.Resolver, o.Dialer = r, never{t}
			}})
			_, err := s.Driver.Create(t.Context(), wish(1, 1))
			p := expectError(t, err, fault.OfferingConfig, false)
			if !strings.Contains(p.Message, "host-00: its address is never called") {
				t.Errorf("%s, %s: got %q", address, kind, p.Message)
			}
		}
	}
}

// A name may resolve to something else between the look and the dial: the
// system's dialler looks once more.
func TestChecks_judge_the_address_once_more_when_they_connect(t *testing.T) {
	allowed := netip.MustParsePrefix("10.0.0.0/8")
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: tcp, Options: func(o *static.Options) { o.Allow = []netip.Prefix{allowed} }})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	p := expectError(t, err, fault.OfferingConfig, false)
	if !strings.Contains(p.Message, "127.0.0.1 is not among the addresses that the broker's configuration file allows") {
		t.Errorf("got %q", p.Message)
	}
	if s.Hosts[0].Visits() != 0 {
		t.Error("the host was called")
	}
}

func TestChecks_try_every_address_of_a_name(t *testing.T) {
	h := statictest.StartHost(t)
	port := h.Address()[strings.LastIndex(h.Address(), ":"):]
	r := &resolver{names: map[string][]netip.Addr{"node.example.org": {
		netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("::ffff:127.0.0.1"),
	}}}
	s := statictest.NewSite(t, statictest.Setup{
		Hosts:   1,
		Config:  func(c *config.Static) { tcp(c); c.Hosts[0].Address = "node.example.org" + port },
		Options: func(o *static.Options) { o.Resolver = r },
	})
	if m := made(t, s.Driver, wish(1, 1)); m[0].PrivateIP != "127.0.0.1" {
		t.Errorf("the address that answered is %q", m[0].PrivateIP)
	}
}

func TestChecks_say_that_a_name_does_not_resolve(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: named(config.CheckTCP), Options: func(o *static.Options) { o.Resolver, o.Dialer = &resolver{}, never{t} }})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	if p := expectError(t, err, fault.Down, false); p.Message != "no matching host is up: host-00: its name does not resolve" {
		t.Errorf("got %q", p.Message)
	}
}

func TestChecks_follow_no_redirect(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1})
	s.Hosts[0].Answer(307)
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	expectError(t, err, fault.Down, false)
	if n := s.Hosts[0].Visits(); n != 1 {
		t.Errorf("the host was visited %d times", n)
	}
}

func TestChecks_of_a_slow_host_end_in_time(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) { c.Check.TimeoutMS = 50 }})
	s.Hosts[0].Hang(true)
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	if p := expectError(t, err, fault.Down, false); p.Message != "no matching host is up: host-00: no answer within 50 ms" {
		t.Errorf("got %q", p.Message)
	}
}

// A replay asks no host, and still says where a machine is.
func TestFind_resolves_the_names_of_hosts(t *testing.T) {
	r := &resolver{names: map[string][]netip.Addr{"node.example.org": {netip.MustParseAddr("192.0.2.7")}}}
	s := statictest.NewSite(t, statictest.Setup{
		Hosts:   1,
		Config:  func(c *config.Static) { unchecked(c); c.Hosts[0].Address = "node.example.org" },
		Options: func(o *static.Options) { o.Resolver, o.Dialer = r, never{t} },
	})
	first := made(t, s.Driver, wish(1, 1))
	found, err := s.Driver.Find(t.Context(), wish(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []broker.Machine{first[0], found[0]} {
		if m.PrivateIP != "192.0.2.7" {
			t.Errorf("got address %q", m.PrivateIP)
		}
	}
}

// dead never answers, and counts how many dials wait at once.
type dead struct {
	mu        sync.Mutex
	now, most int
}

func (d *dead) add(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now += n
	d.most = max(d.most, d.now)
}

func (d *dead) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	d.add(1)
	defer d.add(-1)
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCreate_looks_at_more_hosts_at_once_when_none_answers_and_never_at_too_many(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dead{}
		s := inMemory(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) {
			c.Check = config.HostCheck{Kind: config.CheckTCP, Port: 22, TimeoutMS: 20}
			for i := 1; i < 100; i++ {
				c.Hosts = append(c.Hosts, config.Host{Name: statictest.HostName(i), Address: "127.0.0.1"})
			}
		}}, d)
		_, err := s.Driver.Create(t.Context(), wish(1, 1))
		expectError(t, err, fault.Down, false)
		if d.most < 16 || d.most > 32 {
			t.Errorf("at most %d hosts were dialled at once, want 16 to 32", d.most)
		}
	})
}
