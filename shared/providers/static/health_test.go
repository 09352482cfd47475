package static_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

func TestHealth_by_how_many_hosts_are_up(t *testing.T) {
	cases := []struct {
		hosts, up int
		want      broker.HealthState
	}{
		{1, 0, broker.Unhealthy},
		{1, 1, broker.Healthy},
		{5, 5, broker.Healthy},
		{5, 4, broker.Healthy},
		{5, 3, broker.Degraded},
		{5, 1, broker.Degraded},
		{5, 0, broker.Unhealthy},
	}
	for _, c := range cases {
		s := statictest.NewSite(t, statictest.Setup{Hosts: c.hosts, Config: tcp})
		for i := c.up; i < c.hosts; i++ {
			s.Hosts[i].Close()
		}
		h, err := s.Driver.Health(t.Context())
		if err != nil || h.State != c.want {
			t.Errorf("%d of %d: got %s, %v; want %s", c.up, c.hosts, h.State, err, c.want)
		}
		if want := fmt.Sprintf("%d of %d hosts are up; %d free, 0 leased", c.up, c.hosts, c.hosts); h.Message != want {
			t.Errorf("got %q, want %q", h.Message, want)
		}
	}
}

func TestHealth_lists_the_hosts_that_are_not_up_first(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 3, Config: tcp})
	s.Hosts[2].Close()
	s.Free(1)
	h, err := s.Driver.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := broker.Health{
		State: broker.Degraded, Message: "2 of 3 hosts are up; 1 free, 2 leased", CheckedAt: s.Clock.Now(),
		Checks: []broker.Check{
			{Name: "hosts", Message: "2 of 3 hosts are up"},
			{Name: "host-02", Message: "connection refused"},
			{Name: "host-00", OK: true},
			{Name: "host-01", OK: true},
		},
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHealth_lists_at_most_twenty_hosts(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) {
		unchecked(c)
		for i := 1; i < 30; i++ {
			c.Hosts = append(c.Hosts, config.Host{Name: statictest.HostName(i), Address: "127.0.0.1"})
		}
	}})
	h, err := s.Driver.Health(t.Context())
	if err != nil || len(h.Checks) != 21 {
		t.Errorf("got %d checks, %v; want a summary and 20", len(h.Checks), err)
	}
}

// slow answers each dial later than the one before, by the site's clock, and
// only one after the other.
type slow struct {
	clock *statictest.Clock
	lock  chan struct{}
	next  time.Duration
	step  time.Duration
}

func (d *slow) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.lock <- struct{}{}
	defer func() { <-d.lock }()
	d.next += d.step
	d.clock.Advance(d.next)
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func TestHealth_takes_the_median_of_those_that_are_up(t *testing.T) {
	clock := &statictest.Clock{}
	dialer := &slow{clock: clock, lock: make(chan struct{}, 1), step: time.Millisecond}
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: tcp, Options: func(o *static.Options) { o.Now, o.Dialer = clock.Now, dialer }})
	h, err := s.Driver.Health(t.Context())
	if err != nil || h.ResponseTime != time.Millisecond {
		t.Errorf("got %v, %v; want 1 ms", h.ResponseTime, err)
	}
}

func TestHealth_is_unknown_when_the_records_cannot_be_read(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	s.Book.Turn(statictest.Knobs{Blind: true})
	_, err := s.Driver.Health(t.Context())
	expectError(t, err, fault.Refused, false)
}

func TestHealth_counts_hosts_that_it_had_no_time_for_neither_way(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &mute{silent: map[string]bool{}}
		s := inMemory(t, statictest.Setup{Hosts: 3, Config: tcp}, d)
		d.hush(s.Hosts[1])
		h, err := s.Driver.Health(soon(t))
		if err != nil || h.State != broker.Healthy || h.Message != "2 of 2 hosts are up, 1 not checked in time; 3 free, 0 leased" {
			t.Errorf("got %+v, %v", h, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if h, err := s.Driver.Health(ctx); err == nil {
			t.Errorf("a check without any time found %+v", h)
		}
	})
}

func TestHealth_of_an_empty_pool_is_unhealthy(t *testing.T) {
	path := write(t, "[]")
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile, Options: func(o *static.Options) { o.Files = map[string]string{"hall": path} }})
	h, err := s.Driver.Health(t.Context())
	if err != nil || h.State != broker.Unhealthy || h.Message != "the pool has no hosts" {
		t.Errorf("got %+v, %v", h, err)
	}
}

func TestValidate_names_the_attributes_that_no_host_has(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: func(c *config.Static) {
		unchecked(c)
		c.Hosts[0].Attributes = map[string]any{"ncpus": 8, "type": "X86_64"}
		c.Hosts[1].Attributes = map[string]any{"ncpus": 2, "type": "ARM64"}
	}})
	cases := []struct {
		name       string
		attributes map[string]any
		errors     []string
	}{
		{"good", map[string]any{"ncpus": 4.0, "type": "X86_64"}, nil},
		{"too many cores", map[string]any{"ncpus": 16.0, "type": "ARM64"}, []string{"attributes.ncpus: no host of the pool has 16 or more"}},
		{"another type", map[string]any{"ncpus": 2.0, "type": "SPARC"}, []string{"attributes.type: no host of the pool has SPARC"}},
		{"each somewhere, all nowhere", map[string]any{"ncpus": 4.0, "type": "ARM64"}, []string{"none of the 2 hosts of the pool has all that the template asks for"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := s.Driver.Validate(t.Context(), broker.ResolvedTemplate{Attributes: c.attributes})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.errors, v.Errors); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff([]string{"attributes.ncpus", "attributes.type"}, v.ValidatedFields); diff != "" {
				t.Errorf("validated fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidate_tells_what_the_cheapest_host_that_fits_costs(t *testing.T) {
	price := func(p float64) *float64 { return &p }
	s := statictest.NewSite(t, statictest.Setup{Hosts: 3, Config: func(c *config.Static) {
		unchecked(c)
		for i, cores := range []int{8, 4, 2} {
			c.Hosts[i].Attributes = map[string]any{"ncpus": cores}
		}
		c.Hosts[1].PricePerHour, c.Hosts[2].PricePerHour = price(0.5), price(0.125)
	}})
	for cores, want := range map[float64]*float64{1: price(0.125), 3: price(0.5), 5: nil, 16: nil} {
		v, err := s.Driver.Validate(t.Context(), broker.ResolvedTemplate{Attributes: map[string]any{"ncpus": cores}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(broker.Estimate{EstimatedCostPerHour: want}, v.Estimate); diff != "" {
			t.Errorf("%g cores (-want +got):\n%s", cores, diff)
		}
	}
}

func TestValidate_tells_what_a_unit_of_the_host_costs_that_would_be_taken(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) {
		unchecked(c)
		c.Hosts[0].Attributes, c.Hosts[0].PricePerHour = map[string]any{"type": "X86_64"}, new(0.5)
	}})
	v, err := s.Driver.Validate(t.Context(), broker.ResolvedTemplate{MachineWeights: map[string]int{"X86_64": 4}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(broker.Estimate{EstimatedCostPerHour: new(0.5), EstimatedCostPerUnitHour: new(0.125)}, v.Estimate); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestValidate_warns_about_what_a_pool_does_not_use(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	v, err := s.Driver.Validate(t.Context(), broker.ResolvedTemplate{Image: "ami-1", MachineTypes: []string{"m7i.large"}, UserData: "x"})
	if err != nil || len(v.Errors) != 0 || len(v.Warnings) != 3 {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestCapabilities_are_those_of_the_hosts(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked})
	c, err := s.Driver.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"instance_management": true, "hosts": 2, "attributes": []string{"ncpus", "type"}}
	if diff := cmp.Diff(want, c.Verified); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"max_machines": 2}, c.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}
