package static_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
)

const leaseTime = 600 * time.Second // of statictest's sites

func TestLease_that_no_machine_was_recorded_on_is_free_after_its_time(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	made(t, s.Driver, wish(1, 1))
	s.Clock.Advance(leaseTime - time.Second)
	_, err := s.Driver.Create(t.Context(), wish(2, 1))
	expectError(t, err, fault.Capacity, false)
	s.Clock.Advance(time.Second)
	made(t, s.Driver, wish(2, 1))
	if found, err := s.Driver.Find(t.Context(), wish(1, 1)); err != nil || len(found) != 0 {
		t.Errorf("the first token still finds %v, %v", found, err)
	}
}

func TestLease_of_an_open_machine_never_ends(t *testing.T) {
	for _, status := range []broker.MachineStatus{broker.MachinePending, broker.MachineRunning, broker.MachineStopping, broker.MachineStopped} {
		s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
		machines := made(t, s.Driver, wish(1, 1))
		machines[0].Status = status
		s.Record(machines)
		s.Clock.Advance(1000 * leaseTime)
		_, err := s.Driver.Create(t.Context(), wish(2, 1))
		expectError(t, err, fault.Capacity, false)
	}
}

func TestLease_of_an_ended_machine_is_free_after_its_time(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	machines := made(t, s.Driver, wish(1, 1))
	machines[0].Status = broker.MachineFailed
	s.Record(machines)
	s.Clock.Advance(leaseTime)
	made(t, s.Driver, wish(2, 1))
}

func TestLease_survives_a_restart(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked})
	before := made(t, s.Driver, wish(1, 2))
	var c config.Static
	unchecked(&c)
	c.LeaseSeconds = 600
	c.Hosts = []config.Host{{Name: "host-00", Address: "127.0.0.1"}, {Name: "host-01", Address: "127.0.0.1"}}
	after := made(t, second(t, s, c), wish(1, 2))
	for i := range before {
		if before[i].ID != after[i].ID {
			t.Errorf("machine %s is %s after the restart", before[i].ID, after[i].ID)
		}
	}
}

// A replay or look-up is followed by the record of the machines: until then
// nobody may take their hosts.
func TestLease_is_kept_by_a_replay_and_by_a_look_up(t *testing.T) {
	for name, again := range map[string]func(s *statictest.Site) error{
		"replay":  func(s *statictest.Site) error { _, err := s.Driver.Create(t.Context(), wish(1, 1)); return err },
		"look-up": func(s *statictest.Site) error { _, err := s.Driver.Find(t.Context(), wish(1, 1)); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
			made(t, s.Driver, wish(1, 1))
			s.Clock.Advance(leaseTime + time.Second)
			if err := again(s); err != nil {
				t.Fatal(err)
			}
			_, err := s.Driver.Create(t.Context(), wish(2, 1))
			expectError(t, err, fault.Capacity, false)
		})
	}
}

func TestLease_that_could_not_be_kept_fails_the_look_up(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
	made(t, s.Driver, wish(1, 1))
	s.Clock.Advance(leaseTime)
	s.Book.Turn(statictest.Knobs{RefuseFrom: 1})
	if found, err := s.Driver.Find(t.Context(), wish(1, 1)); err == nil {
		t.Errorf("the look-up answered %v", found)
	}
}

// A machine that lost its lease, or ended, counts for its token: a late replay
// makes no second one.
func TestCreate_counts_recorded_machines_without_a_lease(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 4, Config: unchecked})
	machines := made(t, s.Driver, wish(1, 2))
	s.Record(machines)
	s.Vanish(machines[0].ID)
	again := made(t, s.Driver, wish(1, 2))
	expectNames(t, again, "host-00", "host-01")
	if again[0].Status != broker.MachineLost || again[1].Status != broker.MachineRunning {
		t.Errorf("got %s and %s", again[0].Status, again[1].Status)
	}
	if n := len(s.Exist()); n != 1 {
		t.Errorf("%d leases are held, want 1", n)
	}
}

func TestTerminate_says_what_it_could_not_do_and_does_it_when_asked_again(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked})
	machines := made(t, s.Driver, wish(1, 1))
	for _, k := range []statictest.Knobs{{FailDrops: true}, {LoseDrops: true}} {
		s.Book.Turn(k)
		r, err := s.Driver.Terminate(t.Context(), []string{machines[0].ID})
		if err != nil || r[0].Terminated || r[0].Message == "" {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	s.Book.Turn(statictest.Knobs{})
	r, err := s.Driver.Terminate(t.Context(), []string{machines[0].ID})
	if err != nil || !r[0].Terminated {
		t.Errorf("got %+v, %v", r, err)
	}
	s.Book.Turn(statictest.Knobs{Blind: true})
	_, err = s.Driver.Terminate(t.Context(), []string{machines[0].ID})
	expectError(t, err, fault.Refused, false)
}

func TestStatus_tells_lost_from_terminated_by_the_record(t *testing.T) {
	cases := []struct {
		recorded, want broker.MachineStatus
	}{
		{broker.MachineRunning, broker.MachineLost},
		{broker.MachinePending, broker.MachineLost},
		{broker.MachineStopping, broker.MachineTerminated},
		{broker.MachineTerminated, broker.MachineTerminated},
		{broker.MachineFailed, broker.MachineFailed},
	}
	for _, c := range cases {
		s := statictest.NewSite(t, statictest.Setup{Hosts: 1, Config: unchecked})
		machines := made(t, s.Driver, wish(1, 1))
		s.Vanish(machines[0].ID)
		machines[0].Status = c.recorded
		s.Record(machines)
		got, err := s.Driver.Status(t.Context(), []string{machines[0].ID})
		if err != nil || got[0].Status != c.want || got[0].Message == "" {
			t.Errorf("recorded %s: got %+v, %v; want %s", c.recorded, got, err, c.want)
		}
	}
}

func TestStatus_says_whether_the_host_is_up(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: tcp})
	machines := made(t, s.Driver, wish(1, 2))
	s.Hosts[1].Close()
	got, err := s.Driver.Status(t.Context(), []string{machines[0].ID, machines[1].ID})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "the host is not up: connection refused"} {
		if got[i].Status != broker.MachineRunning || got[i].Message != want || got[i].PrivateIP != "127.0.0.1" {
			t.Errorf("machine %d: %+v", i, got[i])
		}
	}
}

func TestStatus_of_a_host_that_left_the_configuration_is_running(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked})
	machines := made(t, s.Driver, wish(1, 2))
	c := config.Static{Hosts: []config.Host{{Name: "host-01", Address: "127.0.0.1"}}, LeaseSeconds: 600}
	unchecked(&c)
	d := s.Open(raw(t, c))
	got, err := d.Status(t.Context(), []string{machines[0].ID})
	if err != nil || got[0].Status != broker.MachineRunning || got[0].Message == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	again := made(t, d, wish(1, 2))
	expectNames(t, again, "host-00", "host-01")
	r, err := d.Terminate(t.Context(), []string{machines[0].ID})
	if err != nil || !r[0].Terminated {
		t.Errorf("returning it: %+v, %v", r, err)
	}
}

// The machine was ended, and dropping its lease failed.
func TestCreate_does_not_revive_an_ended_machine_that_still_has_its_lease(t *testing.T) {
	s := statictest.NewSite(t, statictest.Setup{Hosts: 2, Config: unchecked})
	machines := made(t, s.Driver, wish(1, 1))
	machines[0].Status = broker.MachineTerminated
	s.Record(machines)
	again := made(t, s.Driver, wish(1, 1))
	if again[0].ID != machines[0].ID || again[0].Status != broker.MachineTerminated {
		t.Errorf("got %s, %s", again[0].ID, again[0].Status)
	}
}
