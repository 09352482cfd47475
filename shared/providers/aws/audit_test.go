package aws_test

import (
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// What a site gets wrong, by one machine and by a fleet: the class that decides
// what follows, a message that says what to correct, and nothing that costs or
// runs. Only a fleet's launch template, which costs nothing, is there before
// EC2 looks at what it names.
func TestWhatASiteGetsWrongSaysWhatToCorrectAndLeavesNothing(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/absent"
	cases := []struct {
		name   string
		site   func(*config.AWS)
		change func(*broker.ResolvedTemplate)
		world  func(*site)
		class  fault.Class
		says   string
		unsent bool // nothing at all reaches EC2
	}{
		{name: "an image that is missing", change: missingImage, class: fault.OfferingConfig, says: "correct image in the template"},
		{name: "a subnet that is missing", change: extra(t, config.AWSTemplate{Subnets: []string{"subnet-9"}}), class: fault.OfferingConfig, says: "correct subnets"},
		{name: "a role that cannot be assumed", site: func(c *config.AWS) { c.RoleARN = role }, class: fault.Auth, says: role, unsent: true},
		{name: "a token that has expired", world: refusing("RequestExpired"), class: fault.Auth, says: "renew the credentials"},
		{name: "a session that has expired", world: refusing("ExpiredToken"), class: fault.Auth, says: "renew the credentials"},
		{name: "a region that is not enabled", world: refusing("OptInRequired"), class: fault.Auth, says: "enable the region"},
		{
			name:   "user data over 16 KB",
			change: func(t *broker.ResolvedTemplate) { t.UserData = strings.Repeat("x", 16<<10+1) },
			class:  fault.Validation, says: "store it elsewhere and fetch it at the start", unsent: true,
		},
	}
	for _, c := range cases {
		for way, kinds := range map[string][]string{"a machine": {ec2test.TypeLarge}, "a fleet": {ec2test.TypeLarge, ec2test.TypeCompute}} {
			t.Run(c.name+" of "+way, func(t *testing.T) {
				var sites []func(*config.AWS)
				if c.site != nil {
					sites = append(sites, c.site)
				}
				s := newSite(t, sites...)
				if c.world != nil {
					c.world(s)
				}
				wanted := template(types(kinds...))
				if c.change != nil {
					c.change(&wanted)
				}
				_, err := s.driver.Create(t.Context(), order("op", 2, wanted))
				p := fault.AsProvider(err)
				if p.Class != c.class || p.Ambiguous() || !strings.Contains(p.Message, c.says) {
					t.Errorf("got %+v, want %s with %q", p, c.class, c.says)
				}
				if n := s.Made(); n != 0 {
					t.Errorf("%d machines were made", n)
				}
				if n := len(s.Calls("")) - len(s.Calls("AssumeRole")); c.unsent && n != 0 {
					t.Errorf("%d calls reached EC2", n)
				}
				if n := len(s.Calls("CreateLaunchTemplate")); n > 1 {
					t.Errorf("%d launch templates were made", n)
				}
			})
		}
	}
}

// A thousand machines at once are one call; a thousand more at once are more
// than EC2 starts: that is THROTTLE, with the time to come back.
func TestMoreMachinesThanEC2StartsAtOnceSayWhenToComeBack(t *testing.T) {
	s := newSite(t)
	if got := s.create(order("op", 1000, template())); len(got.Machines) != 1000 {
		t.Fatalf("got %d machines", len(got.Machines))
	}
	_, err := s.driver.Create(t.Context(), order("next", 1000, template()))
	if p := fault.AsProvider(err); p.Class != fault.Throttle || p.RetryAfter <= 0 || s.Made() != 1000 {
		t.Errorf("got %+v, and %d machines", p, s.Made())
	}
}
