package aws_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func spotIn(zone string) ec2test.Pool { return ec2test.Pool{Type: ec2test.TypeLarge, Zone: zone} }

func TestMachineTypesAreDescribedWithTheirZonesAndPrices(t *testing.T) {
	s := newSite(t, func(c *config.AWS) { c.MachinePrices = map[string]float64{ec2test.TypeLarge: 0.1} })
	s.AddType("p9.large", ec2test.Type{VCPUs: 8, Cores: 4, MemoryMiB: 1024, Zones: []string{"us-west-2b"}})
	s.SpotPrice(spotIn("us-west-2a"), "0.04")
	s.SpotPrice(spotIn("us-west-2b"), "0.03")
	names := []string{ec2test.TypeLarge, "p9.large", "m99.large"}
	got, err := s.driver.Types(t.Context(), names, nil)
	if err != nil {
		t.Fatal(err)
	}
	begin := s.clock.Now()
	want := map[string]broker.MachineType{
		ec2test.TypeLarge: {
			Cores: 1, MemoryMiB: 8192, Architecture: "X86_64", Zones: []string{"us-west-2a", "us-west-2b", "us-west-2c"}, SeenAt: begin,
			Price: &broker.Price{PerHour: 0.1}, Spot: &broker.Price{PerHour: 0.03, At: begin},
		},
		"p9.large": {Cores: 4, MemoryMiB: 1024, Architecture: "X86_64", Zones: []string{"us-west-2b"}, SeenAt: begin},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	s.clock.Advance(23 * time.Hour)
	got, err = s.driver.Types(t.Context(), names[:2], got)
	if n := len(s.Calls("DescribeInstanceTypes")); n != 1 || err != nil {
		t.Errorf("types of less than a day were looked up again: %d calls, %v", n, err)
	}
	if spot := got[ec2test.TypeLarge].Spot; !spot.At.Equal(s.clock.Now()) {
		t.Errorf("the price was not read again: %+v", spot)
	}
	read := s.clock.Now()
	s.clock.Advance(time.Hour)
	s.Trouble(ec2test.Trouble{Action: "DescribeSpotPriceHistory", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no", Status: 403}})
	got, err = s.driver.Types(t.Context(), names[:2], got)
	if large := got[ec2test.TypeLarge]; err != nil || !large.SeenAt.Equal(s.clock.Now()) {
		t.Errorf("a day later they are looked up again: %+v, %v", large, err)
	} else if large.Spot != nil && !large.Spot.At.Equal(read) {
		t.Errorf("a price that may not be read has the age that it had: %+v", large.Spot)
	}
}

func TestTypesThatMayNotBeLookedAtAreAnErrorAndTheirZonesAreNot(t *testing.T) {
	refused := &ec2test.Error{Code: "UnauthorizedOperation", Message: "no", Status: 403}
	s := newSite(t)
	s.Trouble(ec2test.Trouble{Action: "DescribeInstanceTypeOfferings", Refuse: refused})
	if got, err := s.driver.Types(t.Context(), []string{ec2test.TypeLarge}, nil); err != nil || got[ec2test.TypeLarge].Cores != 1 || got[ec2test.TypeLarge].Zones != nil {
		t.Errorf("without zones: %+v, %v", got, err)
	}
	s.Calm()
	s.Trouble(ec2test.Trouble{Action: "DescribeInstanceTypes", Refuse: refused})
	if _, err := s.driver.Types(t.Context(), []string{ec2test.TypeLarge}, nil); fault.AsProvider(err).Class != fault.Auth {
		t.Errorf("without types: %v", err)
	}
	s.Calm()
	s.Trouble(ec2test.Trouble{Action: "DescribeSpotPriceHistory", Refuse: &ec2test.Error{Code: "RequestLimitExceeded", Message: "no", Status: 503}})
	if _, err := s.driver.Types(t.Context(), []string{ec2test.TypeLarge}, nil); fault.AsProvider(err).Class != fault.Throttle {
		t.Errorf("throttled: %v", err)
	}
}

// A network may lead to EC2 and not to Service Quotas: that is waited for once an
// hour, and not long.
func TestQuotasThatDoNotAnswerSpoilNoCheck(t *testing.T) {
	s := newSite(t)
	s.Quota(ec2test.OnDemand, 6)
	s.Trouble(ec2test.Trouble{Action: "GetServiceQuota", Hang: true})
	for range 2 {
		h, err := s.driver.Health(t.Context())
		if err != nil || h.State != broker.Healthy || h.Checks[len(h.Checks)-1].Name == "quota" {
			t.Errorf("%+v, %v", h, err)
		}
		s.Calm() // the second check does not ask again
	}
	if n := len(s.Calls("GetServiceQuota")); n != 0 {
		t.Errorf("Service Quotas was asked %d times more", n)
	}
}

func TestQuotasLeaveHeadroom(t *testing.T) {
	s := newSite(t)
	s.Quota(ec2test.OnDemand, 6)
	s.Quota(ec2test.Spot, 4)
	c, err := s.driver.Capabilities(t.Context())
	if err != nil || c.Limits["vcpu_quota_on_demand"] != 6 || c.Limits["vcpu_quota_spot"] != 4 {
		t.Errorf("got %+v, %v", c.Limits, err)
	}
	s.AddType("p9.large", ec2test.Type{VCPUs: 2, Cores: 1, MemoryMiB: 1024}) // of a family with a quota of its own
	s.create(order("one", 1, template()))
	s.create(order("two", 1, template(types("p9.large"))))
	s.create(order("three", 2, template(paid("spot"))))
	quota := func(h broker.Health) broker.Check { return h.Checks[len(h.Checks)-1] }
	h, err := s.driver.Health(t.Context())
	want := broker.Check{Name: "quota", OK: true, Message: "vCPUs that the quotas leave: 4 of 6 on demand, 0 of 4 as spot"}
	if diff := cmp.Diff(want, quota(h)); diff != "" || h.State != broker.Healthy || err != nil {
		t.Errorf("%s, %v (-want +got):\n%s", h.State, err, diff)
	}
	s.create(order("four", 2, template()))
	if h, err = s.driver.Health(t.Context()); h.State != broker.Degraded || quota(h).OK || err != nil {
		t.Errorf("nothing is left: %+v, %v", h, err)
	}
	if n := len(s.Calls("GetServiceQuota")); n != 2 {
		t.Errorf("the quotas were read %d times within an hour, want once each", n)
	}
	s.clock.Advance(time.Hour)
	s.Trouble(ec2test.Trouble{Action: "GetServiceQuota", Refuse: &ec2test.Error{Code: "AccessDeniedException", Message: "no", Status: 400}})
	if h, err = s.driver.Health(t.Context()); h.State != broker.Healthy || quota(h).Name == "quota" || err != nil {
		t.Errorf("quotas that may not be read: %+v, %v", h, err)
	}
}

func TestMachinesSayWhoseTheyAre(t *testing.T) {
	const account = "111122223333"
	for name, kinds := range map[string][]string{"by themselves": {ec2test.TypeLarge}, "of a fleet": {ec2test.TypeLarge, ec2test.TypeCompute}} {
		s := newSite(t)
		spec := order("op", 1, template(types(kinds...)))
		made := s.create(spec).Machines
		s.records.Record(made...)
		seen, err := s.driver.Status(t.Context(), []string{made[0].ID})
		if err != nil || made[0].Account != account || seen[0].Account != account {
			t.Errorf("%s: %q, %q, %v", name, made[0].Account, seen[0].Account, err)
		}
	}
	s := newSite(t, func(c *config.AWS) { c.RoleARN = "arn:aws:iam::444455556666:role/broker" })
	s.AddRole("arn:aws:iam::444455556666:role/broker", "")
	s.Trouble(ec2test.Trouble{Action: "DescribeInstances", Refuse: &ec2test.Error{Code: "InternalError", Message: "no", Status: 500}})
	if got := s.create(order("op", 1, template(types(ec2test.TypeLarge, ec2test.TypeCompute)))); got.Machines[0].Account != "444455556666" {
		t.Errorf("by the role where nothing was looked up: %q", got.Machines[0].Account)
	}
}
