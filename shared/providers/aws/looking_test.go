package aws_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

const unproved = "not proved: that there is capacity, and quota"

func TestValidation(t *testing.T) {
	lt := func(version string) *config.LaunchTemplate {
		return &config.LaunchTemplate{Name: "golden", Version: version}
	}
	all := []string{"template", "image", "machine_types", "subnets", "security_groups", "permissions"}
	cases := []struct {
		name     string
		template broker.ResolvedTemplate
		prepare  func(*site)
		want     providers.Validation
	}{
		{"what works", template(), nil, providers.Validation{ValidatedFields: all, Warnings: []string{unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)}}},
		{"what can never work", template(paid("barter")), nil, providers.Validation{
			ValidatedFields: all[:1], Errors: []string{`price_type is "barter": want ondemand, spot or heterogeneous`},
		}},
		{"an image that is missing", template(missingImage), nil, providers.Validation{
			ValidatedFields: all[:5], Warnings: []string{unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
			Errors: []string{"image: EC2 refuses: The image id '[ami-00000000]' does not exist (InvalidAMIID.NotFound); images differ by region: correct image in the template for this provider"},
		}},
		{"an image that was withdrawn", template(), func(s *site) { s.AddImage(ec2test.Image, "deregistered") }, providers.Validation{
			ValidatedFields: all[:5], Warnings: []string{unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
			Errors: []string{"image: EC2 refuses: the image ami-0a1b2c3d cannot be used (InvalidAMIID.Unavailable); images differ by region: correct image in the template for this provider"},
		}},
		{"a type that is missing", template(types("m99.large")), nil, providers.Validation{
			ValidatedFields: all[:5], Warnings: []string{unproved},
			Errors: []string{"machine_types: EC2 refuses: The following supplied instance types do not exist: [m99.large] (InvalidInstanceType); correct machine_types in the template"},
		}},
		{"more than the type has", template(func(t *broker.ResolvedTemplate) { t.Attributes = map[string]any{"ncpus": 2.0, "nram": "4096"} }), nil, providers.Validation{
			ValidatedFields: all, Warnings: []string{"attributes.ncpus: m7i.large has 1 and the template promises 2", unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
		}},
		{"no address left", template(), func(s *site) { s.AddSubnet(ec2test.SubnetA, ec2test.Subnet{Zone: "us-west-2a"}) }, providers.Validation{
			ValidatedFields: all[:5], Warnings: []string{unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
			Errors: []string{"subnets: EC2 refuses: no subnet has a free address: subnet-0000000a (InsufficientFreeAddressesInSubnet); add a subnet to the registration"},
		}},
		{"what may not be looked at", template(), func(s *site) {
			s.Trouble(ec2test.Trouble{Action: "DescribeImages", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no.", Status: 403}})
		}, providers.Validation{
			ValidatedFields: all, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
			Warnings: []string{"image could not be looked at: EC2 refuses: no (UnauthorizedOperation); allow the action in the policy of the credentials", unproved},
		}},
		{"what may not be made", template(), func(s *site) {
			s.Trouble(ec2test.Trouble{Action: "RunInstances", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no.", Status: 403}})
		}, providers.Validation{
			ValidatedFields: all, Warnings: []string{unproved}, Estimate: broker.Estimate{EstimatedCostPerHour: new(0.1)},
			Errors: []string{"permissions: EC2 refuses: no (UnauthorizedOperation); allow the action in the policy of the credentials"},
		}},
		{"a launch template", broker.ResolvedTemplate{Extra: raw(t, config.AWSTemplate{LaunchTemplate: lt("")})}, golden, providers.Validation{
			ValidatedFields: []string{"template", "subnets", "launch_template", "permissions"}, Warnings: []string{unproved},
		}},
		{"a version that is missing", broker.ResolvedTemplate{Extra: raw(t, config.AWSTemplate{LaunchTemplate: lt("7")})}, golden, providers.Validation{
			ValidatedFields: []string{"template", "subnets", "launch_template"}, Warnings: []string{unproved},
			Errors: []string{"launch_template: EC2 refuses: Could not find the specified version 7 for the launch template with ID lt-4a110b8300000001a (InvalidLaunchTemplateId.VersionNotFound); correct launch_template in the template"},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, func(c *config.AWS) { c.MachinePrices = map[string]float64{ec2test.TypeLarge: 0.1} })
			if c.prepare != nil {
				c.prepare(s)
			}
			got, err := s.driver.Validate(t.Context(), c.template)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if n := s.Made(); n != 0 {
				t.Errorf("%d machines were made", n)
			}
		})
	}
}

func TestWhatATemplateOfSeveralTypesWouldCost(t *testing.T) {
	s := newSite(t, func(c *config.AWS) {
		c.MachinePrices = map[string]float64{ec2test.TypeLarge: 0.1, ec2test.TypeXLarge: 0.3}
	})
	both, weights := types(ec2test.TypeLarge, ec2test.TypeXLarge), weighing(map[string]int{ec2test.TypeXLarge: 4})
	lowest := func(t *broker.ResolvedTemplate) { t.Extra = []byte(`{"allocation_strategy": "lowest-price"}`) }
	for name, c := range map[string]struct {
		template broker.ResolvedTemplate
		want     broker.Estimate
	}{
		"in the template's order": {template(both, weights), broker.Estimate{EstimatedCostPerHour: new(0.1), EstimatedCostPerUnitHour: new(0.1)}},
		"by price":                {template(both, weights, lowest), broker.Estimate{EstimatedCostPerHour: new(0.1), EstimatedCostPerUnitHour: new(0.3 / 4)}},
	} {
		got, err := s.driver.Validate(t.Context(), c.template)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.Estimate); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func golden(s *site) {
	s.AddLaunchTemplate("golden", map[string]string{"ImageId": ec2test.Image, "InstanceType": ec2test.TypeXLarge})
}

func TestHealth(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*site)
		state   broker.HealthState
		says    string
	}{
		{"what works", func(*site) {}, broker.Healthy, "EC2 answers in us-west-2"},
		{"no address left", func(s *site) { s.AddSubnet(ec2test.SubnetA, ec2test.Subnet{Zone: "us-west-2a"}) }, broker.Degraded, "0 addresses are free in subnet-0000000a"},
		{"too many calls", refusing("RequestLimitExceeded"), broker.Degraded, "RequestLimitExceeded"},
		{"refused credentials", refusing("AuthFailure"), broker.Unhealthy, "check the access key"},
		{"EC2 is gone", func(s *site) { s.Close() }, broker.Unhealthy, "EC2 cannot be reached"},
		{"subnets that may not be looked at", func(s *site) {
			s.Trouble(ec2test.Trouble{Action: "DescribeSubnets", Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no", Status: 403}})
		}, broker.Healthy, "EC2 answers in us-west-2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			c.prepare(s)
			h, err := s.driver.Health(t.Context())
			if err != nil || h.State != c.state || !strings.Contains(h.Message, c.says) || len(h.Checks) == 0 {
				t.Errorf("got %+v, %v", h, err)
			}
		})
	}
}

func TestCapabilitiesAreTheAccounts(t *testing.T) {
	s := newSite(t)
	got, err := s.driver.Capabilities(t.Context())
	want := providers.Capabilities{
		Verified: map[string]any{
			"instance_management": true, "spot_instances": true, "fleets": true, "region": "us-west-2",
			"zones": []string{"us-west-2a", "us-west-2b", "us-west-2c"}, "subnets": map[string]string{ec2test.SubnetA: "us-west-2a"},
		},
		Limits:     map[string]any{"max_machines_per_request": 1000, "max_user_data_bytes": 16384, "max_tags": 45},
		VerifiedAt: s.clock.Now(),
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	refusing("UnauthorizedOperation")(s)
	if _, err = s.driver.Capabilities(t.Context()); fault.AsProvider(err).Class != fault.Auth {
		t.Errorf("what may not be looked at: %v", err)
	}
}
