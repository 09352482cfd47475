package static_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/providers/static"
)

func raw(t *testing.T, c config.Static) json.RawMessage {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func price(p float64) *float64 { return &p }

func TestCreate_takes_the_cheapest_hosts_first_then_by_name(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 5, Config: func(c *config.Static) {
		unchecked(c)
		c.Hosts[1].PricePerHour = price(0.5)
		c.Hosts[2].PricePerHour = price(0.1)
		c.Hosts[4].PricePerHour = price(0.1)
	}})
	expectNames(t, made(t, s.Driver, wish(1, 2)), "host-02", "host-04")
	expectNames(t, made(t, s.Driver, wish(2, 2)), "host-00", "host-01")
	expectNames(t, made(t, s.Driver, wish(3, 1)), "host-03")
}

func TestCreate_counts_units_by_the_type_of_a_host(t *testing.T) {
	site := func(t *testing.T, hosts int) *statictest.Site {
		t.Helper()
		return statictest.NewSite(t, statictest.Setup{Hosts: hosts, Config: func(c *config.Static) {
			unchecked(c)
			for i := range c.Hosts {
				c.Hosts[i].Attributes = map[string]any{"type": []string{"large", "small"}[i%2]}
			}
		}})
	}
	units := func(n, count int) broker.CreateSpec {
		s := wish(n, count)
		s.InUnits, s.Template.MachineWeights = true, map[string]int{"large": 4}
		return s
	}
	s := site(t, 6)
	for _, c := range []struct {
		spec broker.CreateSpec
		want []string
	}{
		{units(1, 5), []string{"host-00", "host-01"}},
		{units(1, 5), []string{"host-00", "host-01"}}, // the same token again
		{units(2, 2), []string{"host-02"}},            // the last one brings more
		{wish(3, 2), []string{"host-03", "host-04"}},  // machines
	} {
		r, err := s.Driver.Create(t.Context(), c.spec)
		if err != nil || len(r.Shortfall) != 0 {
			t.Fatalf("%v, %v", err, r.Shortfall)
		}
		expectNames(t, r.Machines, c.want...)
	}
	r, err := s.Driver.Create(t.Context(), units(4, 2))
	if err != nil || len(r.Machines) != 1 {
		t.Fatalf("one small host is left: %+v, %v", r, err)
	}
	expectShortfall(t, r, fault.Capacity)
}

func TestCreate_describes_the_machine(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: func(c *config.Static) {
		c.Hosts[0].PricePerHour = price(0.25)
		c.Hosts[0].Attributes = map[string]any{"type": "X86_64"}
	}})
	got := made(t, s.Driver, broker.CreateSpec{OperationID: "op-1", Attempt: 3, Token: "my token", Count: 1})
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	want := []broker.Machine{{
		ID: "m-1a717c35-6ba2-5699-a0f6-39422eecad84", Name: "host-00", Provider: "pool-a", Status: broker.MachineRunning,
		PrivateIP: "127.0.0.1", InstanceType: "X86_64", Zone: "hall-1", PricePerHour: price(0.25),
		LaunchTime: at, UpdatedAt: at, OperationID: "op-1", Attempt: 3,
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCreate_dials_no_more_hosts_than_it_needs(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 12, Config: tcp})
	made(t, s.Driver, wish(1, 2))
	visits := 0
	for _, h := range s.Hosts {
		visits += h.Visits()
	}
	if visits > 2 {
		t.Errorf("%d hosts were dialled for 2 machines", visits)
	}
}

func TestCreate_dials_few_more_hosts_when_one_is_not_up(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 12, Config: tcp})
	s.Hosts[0].Close()
	expectNames(t, made(t, s.Driver, wish(1, 1)), "host-01")
	visits := 0
	for _, h := range s.Hosts {
		visits += h.Visits()
	}
	if visits > 2 {
		t.Errorf("%d hosts were dialled for 1 machine", visits)
	}
}

func TestCreate_goes_around_hosts_that_are_not_up(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 8, Config: tcp})
	for _, i := range []int{0, 1, 2, 4} {
		s.Hosts[i].Close()
	}
	expectNames(t, made(t, s.Driver, wish(1, 3)), "host-03", "host-05", "host-06")
}

func TestCreate_says_why_it_came_short(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(t *testing.T, s *statictest.Site)
		wanted  map[string]any
		class   fault.Class
		message string
	}{
		{"all are leased", func(t *testing.T, s *statictest.Site) { t.Helper(); s.Free(0) }, nil, fault.Capacity, "0 of 2: 3 of 3 matching hosts are leased"},
		{"none is up", func(_ *testing.T, s *statictest.Site) { s.Set("unreachable") }, nil, fault.Down, "no matching host is up: host-00: connection refused, host-01: connection refused, host-02: connection refused"},
		{"the free ones are not up, the others are in use", func(t *testing.T, s *statictest.Site) {
			t.Helper()
			s.Free(1)
			s.Set("unreachable")
		}, nil, fault.Down, "none of the 1 matching hosts that are free is up: host-00: connection refused"},
		{"none is of that kind", func(*testing.T, *statictest.Site) {}, map[string]any{"ncpus": 64.0}, fault.OfferingConfig, "none of the 3 hosts of the pool has what the template asks for: attributes.ncpus: no host of the pool has 64 or more"},
		{
			"none has what a scheduler calls it", func(*testing.T, *statictest.Site) {},
			map[string]any{"awshost": true, "ncores": 1.0, "type": "X86_64", "zone": "b"},
			fault.OfferingConfig, "none of the 3 hosts of the pool has what the template asks for: attributes.awshost: no host of the pool has true, attributes.zone: no host of the pool has b",
		},
		{"an HTTP check is not answered with 2xx", func(_ *testing.T, s *statictest.Site) {
			for _, h := range s.Hosts {
				h.Answer(302)
			}
		}, nil, fault.Down, "no matching host is up: host-00: it answered 302, host-01: it answered 302, host-02: it answered 302"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := statictest.NewSite(t, statictest.Setup{Hosts: 3})
			c.prepare(t, s)
			spec := wish(1, 2)
			spec.Template.Attributes = c.wanted
			_, err := s.Driver.Create(t.Context(), spec)
			if p := expectError(t, err, c.class, false); p.Message != c.message {
				t.Errorf("got  %q\nwant %q", p.Message, c.message)
			}
			if n := len(s.Exist()); n != 0 {
				t.Errorf("%d machines exist", n)
			}
		})
	}
}

func TestCreate_in_an_empty_pool_is_short_of_capacity(t *testing.T) {
	path := write(t, "[]")
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: fromFile, Options: func(o *static.Options) { o.Files = map[string]string{"hall": path} }})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	if p := expectError(t, err, fault.Capacity, false); p.Message != "the pool has no hosts" {
		t.Errorf("got %q", p.Message)
	}
}

func TestCreate_keeps_what_it_has_when_time_runs_out(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &mute{silent: map[string]bool{}}
		s := inMemory(t, statictest.Setup{Hosts: 3, Config: tcp}, d)
		d.hush(s.Hosts[1])
		d.hush(s.Hosts[2])
		spec := wish(1, 2)
		r, err := s.Driver.Create(soon(t), spec)
		if err != nil {
			t.Fatalf("a part is no error: %v", err)
		}
		expectNames(t, r.Machines, "host-00")
		expectShortfall(t, r, fault.Down)
		d.free()
		expectNames(t, made(t, s.Driver, spec), "host-00", "host-01")
	})
}

func TestCreate_does_nothing_when_records_cannot_be_read(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 3, Config: unchecked})
	s.Book.Turn(statictest.Knobs{Blind: true})
	_, err := s.Driver.Create(t.Context(), wish(1, 1))
	expectError(t, err, fault.Refused, false)
	s.Book.Turn(statictest.Knobs{})
	s.Records.Fail(errors.New("the disk is gone"))
	_, err = s.Driver.Create(t.Context(), wish(1, 1))
	expectError(t, err, fault.Refused, false)
	if n := len(s.Exist()); n != 0 {
		t.Errorf("%d machines exist", n)
	}
}

// Two processes want more than there is, at the same time.
func TestCreate_never_gives_one_host_to_two_callers(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 10, Config: unchecked})
	var c config.Static
	unchecked(&c)
	c.LeaseSeconds = 600
	for i := range s.Hosts {
		c.Hosts = append(c.Hosts, config.Host{Name: statictest.HostName(i), Address: "127.0.0.1"})
	}
	processes := []*static.Driver{s.Driver, second(t, s, c), second(t, s, c)}
	results := make([]providers.CreateResult, 12)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			r, err := processes[i%3].Create(t.Context(), wish(i, 2))
			if err != nil && fault.AsProvider(err).Class != fault.Capacity {
				t.Errorf("call %d: %v", i, err)
			}
			results[i] = r
		})
	}
	wg.Wait()
	holder := map[string]int{}
	for i, r := range results {
		for _, m := range r.Machines {
			if j, taken := holder[m.Name]; taken {
				t.Errorf("%s was given to callers %d and %d", m.Name, j, i)
			}
			holder[m.Name] = i
		}
	}
	if len(holder) != 10 {
		t.Errorf("%d of 10 hosts were given out", len(holder))
	}
}

// thief takes a host between the look and the write of somebody else.
type thief struct {
	broker.LeaseBook
	host string
	once sync.Once
}

func (b *thief) TakeLease(ctx context.Context, l broker.Lease) (broker.Lease, error) {
	var err error
	if l.Host == b.host {
		b.once.Do(func() {
			stolen := l
			stolen.MachineID, stolen.Token = "m-thief", "thief"
			_, err = b.LeaseBook.TakeLease(ctx, stolen)
		})
	}
	if err != nil {
		return broker.Lease{}, err
	}
	return b.LeaseBook.TakeLease(ctx, l)
}

func TestCreate_takes_the_next_host_when_one_is_lost_to_another(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 4, Config: unchecked, Book: &thief{LeaseBook: &statictest.Book{}, host: "host-01"}})
	expectNames(t, made(t, s.Driver, wish(1, 3)), "host-00", "host-02", "host-03")
}

func TestCreate_says_that_a_host_was_lost_when_there_is_no_next_one(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked, Book: &thief{LeaseBook: &statictest.Book{}, host: "host-01"}})
	r, err := s.Driver.Create(t.Context(), wish(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	expectNames(t, r.Machines, "host-00")
	if p := expectShortfall(t, r, fault.Capacity); p.Message != "1 of 2: 2 of 2 matching hosts are leased" {
		t.Errorf("got %q", p.Message)
	}
}

// A host that another took was up: the pool is there.
func TestCreate_does_not_call_a_pool_down_whose_last_host_was_lost_to_another(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: tcp, Book: &thief{LeaseBook: &statictest.Book{}, host: "host-01"}})
	s.Hosts[0].Close()
	_, err := s.Driver.Create(t.Context(), wish(1, 2))
	if p := expectError(t, err, fault.Capacity, false); p.Message != "0 of 2: 1 of 2 matching hosts are leased; not up: host-00: connection refused" {
		t.Errorf("got %q", p.Message)
	}
}

// door tells when somebody is at it, and never opens.
type door struct{ reached chan struct{} }

func (d door) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	close(d.reached)
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestCreate_waits_for_an_earlier_call_with_its_token_no_longer_than_it_may(t *testing.T) {
	d := door{make(chan struct{})}
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: tcp, Options: func(o *static.Options) { o.Dialer = d }})
	first, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Driver.Create(first, wish(1, 1))
		done <- err
	}()
	<-d.reached // the first call holds the token
	_, err := s.Driver.Create(endsOnce(t, (*ending).isWaitedFor), wish(1, 1))
	if p := expectError(t, err, fault.Timeout, true); !strings.Contains(p.Message, "earlier call") {
		t.Errorf("got %q", p.Message)
	}
	cancel()
	expectError(t, <-done, fault.Cancelled, false)
}

func TestCreate_does_nothing_when_its_time_is_over_before_it_begins(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Driver.Create(gone, wish(1, 1))
	expectError(t, err, fault.Cancelled, false)
	late, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	_, err = s.Driver.Create(late, wish(1, 1))
	expectError(t, err, fault.Down, false)
	if n := len(s.Leases()); n != 0 {
		t.Errorf("%d leases were taken", n)
	}
}

func TestCreate_refuses_a_wish_without_token_or_count(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	for _, spec := range []broker.CreateSpec{{Count: 1}, {Token: "x"}} {
		_, err := s.Driver.Create(t.Context(), spec)
		expectError(t, err, fault.Validation, false)
	}
}

func TestPoll_answers_what_the_token_has(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 3, Config: unchecked})
	made(t, s.Driver, wish(1, 2))
	r, err := s.Driver.Poll(t.Context(), wish(1, 2), nil)
	if err != nil || r.Pending != nil {
		t.Fatalf("got %+v, %v", r, err)
	}
	expectNames(t, r.Machines, "host-00", "host-01")
}
