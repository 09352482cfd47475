package aws_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// examined is a site whose clock is the wall's, which is what answers hold.
func examined(t *testing.T, change ...func(*config.AWS)) *site {
	t.Helper()
	s := newSite(t, change...)
	s.clock.Advance(time.Since(s.clock.Now()))
	return s
}

func (s *site) examine() map[string]broker.Check {
	s.tb.Helper()
	found := map[string]broker.Check{}
	for _, c := range s.driver.Examine(s.tb.Context()) {
		if _, twice := found[c.Name]; twice || c.Message == "" {
			s.tb.Errorf("%+v", c)
		}
		found[c.Name] = c
	}
	return found
}

func TestAnExaminationHasNoEffectAndTriesEachAction(t *testing.T) {
	s := examined(t)
	found := s.examine()
	for name, c := range found {
		if !c.OK {
			t.Errorf("%s: %s", name, c.Message)
		}
	}
	if len(found) != 10 {
		t.Errorf("%d checks: %v", len(found), found)
	}
	for _, call := range s.Calls("") {
		if !call.DryRun && call.Action != "GetCallerIdentity" && call.Action != "DescribeAvailabilityZones" {
			t.Errorf("%s was no dry run", call.Action)
		}
	}
	for _, action := range []string{"DescribeInstances", "DescribeImages", "DescribeInstanceTypes", "DescribeSubnets", "DescribeSecurityGroups", "DescribeSpotInstanceRequests", "CreateLaunchTemplate"} {
		s := examined(t)
		s.Trouble(ec2test.Trouble{Action: action, Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: "no.", Status: 403}})
		for name, c := range s.examine() {
			if c.OK == (name == "ec2:"+action) {
				t.Errorf("without %s: %s is %t: %s", action, name, c.OK, c.Message)
			}
		}
	}
}

func TestAnExaminationEndsWhereNothingMoreCanBeSaid(t *testing.T) {
	refuse := func(action, code string) func(*site) {
		return func(s *site) {
			s.Trouble(ec2test.Trouble{Action: action, Refuse: &ec2test.Error{Code: code, Message: "no.", Status: 403}})
		}
	}
	for name, c := range map[string]struct {
		prepare func(*site)
		last    string
	}{
		"a token that has expired":   {refuse("GetCallerIdentity", "ExpiredToken"), "credentials"},
		"a region that is not ours":  {refuse("DescribeAvailabilityZones", "OptInRequired"), "region"},
		"nobody there":               {(*site).Close, "credentials"},
		"a machine without settings": {func(s *site) { s.unconfigured() }, "credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			s := examined(t)
			c.prepare(s)
			all := s.driver.Examine(t.Context())
			if last := all[len(all)-1]; last.Name != c.last || last.OK || last.Message == "" {
				t.Errorf("%+v", all)
			}
		})
	}
}

// unconfigured takes the broker's AWS configuration away.
func (s *site) unconfigured() {
	s.opener = s.open(func(context.Context, string) (awssdk.Config, error) { return awssdk.Config{}, errors.New("no file") })
	s.driver = s.register(config.AWS{Region: s.Region()})
}

func TestClocksThatAreTooFarApartAreTold(t *testing.T) {
	for _, c := range []struct {
		off time.Duration
		ok  bool
	}{{0, true}, {3 * time.Minute, true}, {-3 * time.Minute, true}, {5 * time.Minute, false}, {-5 * time.Minute, false}} {
		s := examined(t)
		s.clock.Advance(c.off)
		if got := s.examine()["clock"]; got.OK != c.ok || !c.ok && !strings.Contains(got.Message, "synchronize") {
			t.Errorf("%s off: %+v", c.off, got)
		}
	}
}

func TestACompatibleCloudIsNotAskedWhoCalls(t *testing.T) {
	s := examined(t)
	s.driver = s.register(config.AWS{Region: s.Region(), EndpointURL: s.URL()})
	found := s.examine()
	if _, asked := found["credentials"]; asked || !found["region"].OK || len(s.Calls("GetCallerIdentity")) != 0 {
		t.Errorf("%v", found)
	}
}
