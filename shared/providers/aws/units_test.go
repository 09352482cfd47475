package aws_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
)

func weighing(weights map[string]int) func(*broker.ResolvedTemplate) {
	return func(t *broker.ResolvedTemplate) { t.MachineWeights = weights }
}

// inUnits is a creation that counts units.
func inUnits(operation string, units int, t broker.ResolvedTemplate) broker.CreateSpec {
	s := order(operation, units, t)
	s.InUnits = true
	return s
}

// held counts the double's machines by their type.
func (s *site) held() map[string]int {
	n := map[string]int{}
	for _, m := range s.Machines() {
		n[m.Type]++
	}
	return n
}

func TestUnitsAreMadeOfMachinesByTheirWeight(t *testing.T) {
	weights := weighing(map[string]int{ec2test.TypeLarge: 2, ec2test.TypeXLarge: 4})
	both := types(ec2test.TypeXLarge, ec2test.TypeLarge)
	scarce := func(s *site) {
		s.Room(ec2test.Pool{Type: ec2test.TypeXLarge, Zone: "us-west-2a", Market: ec2test.OnDemand}, 1)
	}
	cases := []struct {
		name    string
		spec    broker.CreateSpec
		prepare func(*site)
		want    map[string]int
		short   bool
	}{
		{"one type", inUnits("op", 8, template(weights)), nil, map[string]int{ec2test.TypeLarge: 4}, false},
		{"one type that does not divide them", inUnits("op", 7, template(weights)), nil, map[string]int{ec2test.TypeLarge: 4}, false},
		{"two types", inUnits("op", 8, template(weights, both)), nil, map[string]int{ec2test.TypeXLarge: 2}, false},
		{"the last one brings more", inUnits("op", 9, template(weights, both)), nil, map[string]int{ec2test.TypeXLarge: 3}, false},
		{"a second type for the rest", inUnits("op", 8, template(weights, both)), scarce, map[string]int{ec2test.TypeXLarge: 1, ec2test.TypeLarge: 2}, false},
		{"too few", inUnits("op", 8, template(weights, types(ec2test.TypeXLarge))), scarce, map[string]int{ec2test.TypeXLarge: 1}, true},
		{"machines, of the same template", order("op", 3, template(weights, both)), nil, map[string]int{ec2test.TypeXLarge: 3}, false},
		{"a type that is not weighed", inUnits("op", 3, template(weights, types(ec2test.TypeCompute))), nil, map[string]int{ec2test.TypeCompute: 3}, false},
		{"on demand and spot", inUnits("op", 8, template(weights, both, paid("heterogeneous"))), nil, map[string]int{ec2test.TypeXLarge: 2}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			if c.prepare != nil {
				c.prepare(s)
			}
			got := s.create(c.spec)
			if diff := cmp.Diff(c.want, s.held()); diff != "" {
				t.Errorf("machines (-want +got):\n%s", diff)
			}
			if short := len(got.Shortfall) > 0; short != c.short || c.short != (c.spec.Worth(got.Machines) < c.spec.Count) {
				t.Errorf("it is short: %v, %d of %d", got.Shortfall, c.spec.Worth(got.Machines), c.spec.Count)
			}
			again := s.create(c.spec)
			if diff := cmp.Diff(c.want, s.held()); diff != "" || len(again.Machines) != len(got.Machines) {
				t.Errorf("the same token made more (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATokenOfUnitsThatMadeOtherMachinesIsResolvedByTheirWorth(t *testing.T) {
	s := newSite(t)
	weighed := template(weighing(map[string]int{ec2test.TypeLarge: 4}))
	s.create(inUnits("op", 8, weighed))
	changed := inUnits("op", 8, weighed)
	changed.Template.UserData = "#!/bin/sh\n" // what nobody can do: the specification is stored
	got := s.create(changed)
	if len(got.Machines) != 2 || len(got.Shortfall) != 0 {
		t.Errorf("two machines are all eight units: %+v", got)
	}
	changed.Count = 9
	if got = s.create(changed); len(got.Shortfall) != 1 || !fault.AsProvider(got.Shortfall[0]).Ambiguous() {
		t.Errorf("eight of nine units leave it open: %+v", got.Shortfall)
	}
}
