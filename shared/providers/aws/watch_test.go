package aws_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

// made are the ids of machines that are made now.
func (s *site) made(n int, how string) (ids []string) {
	s.tb.Helper()
	r, err := s.driver.Create(s.tb.Context(), order(fmt.Sprintf("%s-%d", how, s.Made()), n, template(paid(how))))
	if err != nil || len(r.Machines) != n {
		s.tb.Fatalf("%d machines, %v", len(r.Machines), err)
	}
	for _, m := range r.Machines {
		ids = append(ids, m.ID)
	}
	return ids
}

// seen tells what a look shows: status, and the seconds that are left.
func (s *site) seen(ids []string) map[string]string {
	s.tb.Helper()
	found, err := s.driver.Watch(s.tb.Context(), ids)
	if err != nil {
		s.tb.Fatal(err)
	}
	told := map[string]string{}
	for _, m := range found {
		told[m.ID] = string(m.Status)
		if !m.ReclaimAt.IsZero() {
			told[m.ID] += fmt.Sprintf(" %.0f", m.ReclaimAt.Sub(s.clock.Now()).Seconds())
		}
	}
	return told
}

func TestALookShowsWhatEC2TakesAndWhen(t *testing.T) {
	s := newSite(t)
	spot, kept := s.made(2, "spot"), s.made(1, "ondemand")
	all := slices.Concat(spot, kept, []string{"i-00000000", "no id"})
	expect := func(first, second, third string) {
		t.Helper()
		want := map[string]string{spot[0]: first, spot[1]: second, kept[0]: third}
		if diff := cmp.Diff(want, s.seen(all)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	expect("RUNNING", "RUNNING", "RUNNING")
	s.Interrupt(spot[0])
	s.clock.Advance(20 * time.Second)
	expect("STOPPING 100", "RUNNING", "RUNNING")
	s.clock.Advance(100 * time.Second)
	s.Vanish(kept[0])
	expect("LOST", "RUNNING", "TERMINATED")
}

func TestALookIsOneCallForMany(t *testing.T) {
	s := newSite(t)
	all := slices.Concat(s.made(450, "ondemand"), s.made(150, "spot"))
	before := len(s.Calls(""))
	s.seen(all)
	if n := len(s.Calls("DescribeSpotInstanceRequests")); n != 1 {
		t.Errorf("%d calls about 150 spot machines", n)
	}
	if n := len(s.Calls("")) - before; n != 4 { // 200 ids fit into a filter
		t.Errorf("%d calls for 600 machines", n)
	}
}

func TestWithoutThePermissionForWarningsALookShowsTheRest(t *testing.T) {
	s := newSite(t)
	spot := s.made(1, "spot")
	s.Interrupt(spot[0])
	s.Trouble(ec2test.Trouble{Action: "DescribeSpotInstanceRequests", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no.", Status: 403}})
	if diff := cmp.Diff(map[string]string{spot[0]: "RUNNING"}, s.seen(spot)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALookThatFailsShowsNothing(t *testing.T) {
	for _, action := range []string{"DescribeInstances", "DescribeSpotInstanceRequests"} {
		s := newSite(t)
		spot := s.made(1, "spot")
		s.Trouble(ec2test.Trouble{Action: action, Refuse: &ec2test.Error{Code: "InternalError", Message: "An internal error has occurred", Status: 500}})
		found, err := s.driver.Watch(t.Context(), spot)
		if p := fault.AsProvider(err); found != nil || p.Class != fault.Server {
			t.Errorf("%s: %v, %v", action, found, err)
		}
	}
}
