package aws_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/providertest"
)

var _ providertest.Double = (*site)(nil)

// Set puts EC2 into the trouble that a fault is.
func (s *site) Set(f providertest.Fault) {
	s.Calm()
	s.Open()
	switch f {
	case providertest.Throttled:
		s.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: "RequestLimitExceeded", Message: "Request limit exceeded.", Status: 503}})
	case providertest.Unauthorized:
		s.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: "AuthFailure", Message: "AWS was not able to validate the provided access credentials", Status: 401}})
	case providertest.Hanging:
		s.Trouble(ec2test.Trouble{Hang: true})
	case providertest.LostReply:
		s.Trouble(ec2test.Trouble{Action: "RunInstances", Lose: true})
		s.Trouble(ec2test.Trouble{Action: "CreateFleet", Lose: true})
	case providertest.CutReply:
		s.Trouble(ec2test.Trouble{Action: "RunInstances", Cut: true})
		s.Trouble(ec2test.Trouble{Action: "CreateFleet", Cut: true})
	case providertest.Unreachable:
		s.Close()
		s.driver.CloseIdle()
	case providertest.Blind:
		s.Trouble(ec2test.Trouble{Action: "DescribeInstances", Refuse: &ec2test.Error{Code: "InternalError", Message: "An internal error has occurred", Status: 500}})
	default:
	}
}

func (s *site) Exist() []string {
	var ids []string
	for _, m := range s.Machines() {
		ids = append(ids, m.ID)
	}
	return ids
}

func (s *site) Record(machines []broker.Machine) { s.records.Record(machines...) }
func (s *site) Pass(d time.Duration)             { s.clock.Advance(d) }

func harness(good, bad func(testing.TB) broker.ResolvedTemplate) providertest.Harness {
	return providertest.Harness{
		New: func(tb testing.TB) providertest.Subject {
			tb.Helper()
			s := newSite(tb)
			return providertest.Subject{Driver: s.driver, Double: s, Provider: west, Template: good(tb), Misfit: bad(tb)}
		},
		NotApplicable: map[providertest.Fault]string{
			providertest.LateFailure: "an instant fleet and RunInstances say at once what they made: nothing is left pending",
		},
	}
}

func missingImage(t *broker.ResolvedTemplate) { t.Image = "ami-00000000" }

func TestADriverThatRunsInstancesKeepsTheContractOfDrivers(t *testing.T) {
	providertest.Run(t, harness(
		func(testing.TB) broker.ResolvedTemplate { return template() },
		func(testing.TB) broker.ResolvedTemplate { return template(missingImage) },
	))
}

func TestADriverThatMakesFleetsKeepsTheContractOfDrivers(t *testing.T) {
	two := types(ec2test.TypeLarge, ec2test.TypeCompute)
	providertest.Run(t, harness(
		func(testing.TB) broker.ResolvedTemplate { return template(two) },
		func(testing.TB) broker.ResolvedTemplate { return template(two, missingImage) },
	))
}

func TestADriverThatMixesOnDemandAndSpotKeepsTheContractOfDrivers(t *testing.T) {
	mixed := func(tb testing.TB) broker.ResolvedTemplate {
		tb.Helper()
		return template(paid("heterogeneous"), extra(tb, config.AWSTemplate{
			PercentOnDemand: new(30), Subnets: []string{ec2test.SubnetA, ec2test.SubnetB},
		}))
	}
	providertest.Run(t, harness(mixed, func(tb testing.TB) broker.ResolvedTemplate {
		tb.Helper()
		bad := mixed(tb)
		bad.Image = "ami-00000000"
		return bad
	}))
}
