package aws_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func (s *site) create(spec broker.CreateSpec) providers.CreateResult {
	s.tb.Helper()
	r, err := s.driver.Create(s.tb.Context(), spec)
	if err != nil {
		s.tb.Fatalf("creating: %v", err)
	}
	return r
}

func TestAMachineIsMadeAsTheTemplateSays(t *testing.T) {
	said := template(
		func(t *broker.ResolvedTemplate) { t.UserData, t.Tags = "#!/bin/sh\n", map[string]string{"team": "a"} },
		extra(t, config.AWSTemplate{KeyName: ec2test.KeyPair, InstanceProfile: "workers", RootVolumeGiB: 40, RootVolumeType: "gp3"}),
	)
	for name, kinds := range map[string][]string{"by itself": {ec2test.TypeLarge}, "by a fleet": {ec2test.TypeLarge, ec2test.TypeCompute}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(c *config.AWS) { c.MachinePrices = map[string]float64{ec2test.TypeLarge: 0.1} })
			spec := order("op", 1, said)
			spec.Template.MachineTypes = kinds
			spec.Tags = map[string]string{"cost": "7", "ohfp:broker": spec.BrokerID, "ohfp:provider": west} // as the broker gives them
			got := s.create(spec)
			made := s.Machines()[0]
			want := broker.Machine{
				ID: made.ID, Name: "ip-10-0-0-" + last(got.Machines[0].PrivateIP) + ".us-west-2.compute.internal", Provider: west, Status: broker.MachineRunning,
				PrivateIP: got.Machines[0].PrivateIP, InstanceType: ec2test.TypeLarge, Zone: "us-west-2a", PricePerHour: new(0.1),
				LaunchTime: s.clock.Now(), OperationID: "op", Attempt: 1, UpdatedAt: s.clock.Now(), Account: "111122223333",
			}
			if diff := cmp.Diff([]broker.Machine{want}, got.Machines); diff != "" {
				t.Errorf("machines (-want +got):\n%s", diff)
			}
			tags := map[string]string{
				"ohfp:broker": spec.BrokerID, "ohfp:provider": west, "ohfp:operation": "op", "ohfp:attempt": "1", "ohfp:template": "web", "team": "a", "cost": "7",
			}
			if diff := cmp.Diff(tags, made.Tags); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			facts := []any{made.UserData, made.KeyName, made.Profile, made.RootGiB, made.IMDSv2, made.Groups, made.Image, made.Subnet}
			told := []any{base64.StdEncoding.EncodeToString([]byte("#!/bin/sh\n")), ec2test.KeyPair, "workers", "40", true, []string{ec2test.SecurityGroup}, ec2test.Image, ec2test.SubnetA}
			if diff := cmp.Diff(told, facts); diff != "" {
				t.Errorf("the machine (-told +made):\n%s", diff)
			}
		})
	}
}

func last(ip string) string { return ip[strings.LastIndexByte(ip, '.')+1:] }

func TestAThousandMachinesAreOneCall(t *testing.T) {
	for name, kinds := range map[string][]string{"by themselves": {ec2test.TypeLarge}, "by a fleet": {ec2test.TypeLarge, ec2test.TypeCompute}} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if got := s.create(order("op", 1000, template(types(kinds...)))); len(got.Machines) != 1000 || len(got.Shortfall) != 0 {
				t.Errorf("got %d machines, %v", len(got.Machines), got.Shortfall)
			}
			if n := len(s.Calls("RunInstances")) + len(s.Calls("CreateFleet")); n != 1 || s.Made() != 1000 {
				t.Errorf("%d calls made %d machines", n, s.Made())
			}
			// The bucket of launches is empty now; it is refilled with two a second.
			_, err := s.driver.Create(t.Context(), order("next", 10, template(types(kinds...))))
			if p := fault.AsProvider(err); p == nil || p.Class != fault.Throttle {
				t.Errorf("the next one: %v", err)
			}
			s.clock.Advance(5 * time.Second)
			s.create(order("next", 10, template(types(kinds...))))
		})
	}
}

func TestOneChoiceIsRunAndSeveralAreAFleet(t *testing.T) {
	cases := map[string]struct {
		template broker.ResolvedTemplate
		fleet    bool
	}{
		"one type in one subnet":   {template(), false},
		"spot":                     {template(paid("spot")), false},
		"two types":                {template(types(ec2test.TypeLarge, ec2test.TypeCompute)), true},
		"two subnets":              {template(extra(t, config.AWSTemplate{Subnets: []string{ec2test.SubnetA, ec2test.SubnetB}})), true},
		"a mixture":                {template(paid("heterogeneous")), true},
		"a mixture of one kind":    {template(paid("heterogeneous"), extra(t, config.AWSTemplate{PercentOnDemand: new(100)})), false},
		"a strategy of allocation": {template(extra(t, config.AWSTemplate{AllocationStrategy: "lowest-price"})), true},
		"requirements":             {template(types(), extra(t, config.AWSTemplate{Requirements: &config.Requirements{VCPUMin: 2, MemoryMiBMin: 1}})), true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.create(order("op", 2, c.template))
			if fleet := len(s.Calls("CreateFleet")) == 1; fleet != c.fleet || len(s.Calls("RunInstances")) == 1 == c.fleet {
				t.Errorf("a fleet: %v, want %v", fleet, c.fleet)
			}
		})
	}
}

// kinds counts machines by a fact about them.
func (s *site) count(fact func(*ec2test.Machine) string) map[string]int {
	n := map[string]int{}
	for _, m := range s.Machines() {
		n[fact(&m)]++
	}
	return n
}

func market(m *ec2test.Machine) string { return string(m.Market) }
func kind(m *ec2test.Machine) string   { return m.Type }
func zone(m *ec2test.Machine) string   { return m.Zone }

func TestAMixtureIsRoundedUpOnDemand(t *testing.T) {
	for _, c := range []struct{ count, percent, onDemand int }{{10, 30, 3}, {10, 31, 4}, {1, 1, 1}, {7, 0, 0}, {7, 100, 7}, {3, 50, 2}} {
		t.Run(fmt.Sprintf("%d%% of %d", c.percent, c.count), func(t *testing.T) {
			s := newSite(t)
			s.create(order("op", c.count, template(types(ec2test.TypeLarge, ec2test.TypeCompute), paid("heterogeneous"), extra(t, config.AWSTemplate{PercentOnDemand: &c.percent}))))
			got := s.count(market)
			if got["on-demand"] != c.onDemand || got["spot"] != c.count-c.onDemand {
				t.Errorf("got %v, want %d on demand", got, c.onDemand)
			}
		})
	}
}

func TestTypesAreTakenInTheTemplatesOrder(t *testing.T) {
	s := newSite(t)
	s.Room(ec2test.Pool{Type: ec2test.TypeCompute, Zone: s.Zone("a"), Market: ec2test.OnDemand}, 2)
	r := s.create(order("op", 5, template(types(ec2test.TypeCompute, ec2test.TypeLarge))))
	if diff := cmp.Diff(map[string]int{ec2test.TypeCompute: 2, ec2test.TypeLarge: 3}, s.count(kind)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(r.Shortfall) != 0 {
		t.Errorf("nothing is short, and yet: %v", r.Shortfall)
	}
}

func TestSpotMachinesComeFromTheRoomiestPool(t *testing.T) {
	s := newSite(t, func(c *config.AWS) { c.Subnets = []string{ec2test.SubnetA, ec2test.SubnetB} })
	s.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: s.Zone("a"), Market: ec2test.Spot}, 6)
	s.create(order("op", 5, template(paid("spot"), extra(t, config.AWSTemplate{SpotMaxPrice: new(0.05)}))))
	if diff := cmp.Diff(map[string]int{s.Zone("b"): 5}, s.count(zone)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	call := s.Calls("CreateFleet")[0].Params
	if got := call["SpotOptions.AllocationStrategy"]; got != "price-capacity-optimized" {
		t.Errorf("the strategy is %q", got)
	}
	if got := s.Machines()[0].MaxPrice; got != "0.05" {
		t.Errorf("the highest price is %q", got)
	}
}

func TestRequirementsFindTheTypes(t *testing.T) {
	s := newSite(t)
	need := config.Requirements{VCPUMin: 2, VCPUMax: 4, MemoryMiBMin: 8000, ExcludedTypes: []string{ec2test.TypeXLarge}}
	s.create(order("op", 3, template(types(), extra(t, config.AWSTemplate{Requirements: &need}))))
	if diff := cmp.Diff(map[string]int{ec2test.TypeLarge: 3}, s.count(kind)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAPartSaysForEachReasonWhere(t *testing.T) {
	s := newSite(t)
	s.Room(ec2test.Pool{Type: ec2test.TypeLarge, Zone: s.Zone("a"), Market: ec2test.OnDemand}, 2)
	s.AddType(ec2test.TypeXLarge, ec2test.Type{VCPUs: 4, Cores: 2, MemoryMiB: 16384, Zones: []string{s.Zone("c")}})
	r := s.create(order("op", 5, template(types(ec2test.TypeLarge, ec2test.TypeXLarge))))
	if len(r.Machines) != 2 || len(r.Shortfall) != 2 {
		t.Fatalf("got %d machines, %v", len(r.Machines), r.Shortfall)
	}
	for i, code := range []string{"InsufficientInstanceCapacity", "Unsupported"} {
		if p := fault.AsProvider(r.Shortfall[i]); p.Code != code || p.Class != fault.Capacity {
			t.Errorf("reason %d is %v, want %s", i, p, code)
		}
	}
}

func TestALaunchTemplateIsMadeOnceForItsContent(t *testing.T) {
	s := newSite(t)
	two := types(ec2test.TypeLarge, ec2test.TypeCompute)
	for i := range 3 {
		s.create(order(fmt.Sprintf("op-%d", i), 1, template(two)))
	}
	if n := len(s.Calls("CreateLaunchTemplate")); n != 1 {
		t.Errorf("it was made %d times", n)
	}
	again := s.open(s.reach) // a broker that was started anew
	s.opener = again
	s.driver = s.register(config.AWS{Region: s.Region(), Subnets: []string{ec2test.SubnetA}, SecurityGroups: []string{ec2test.SecurityGroup}})
	s.create(order("op-4", 1, template(two)))
	s.create(order("op-5", 1, template(two, func(t *broker.ResolvedTemplate) { t.UserData = "other" })))
	stranger := order("op-6", 1, template(two))
	stranger.BrokerID = "another broker"
	s.create(stranger)
	all := s.LaunchTemplates()
	if len(all) != 3 {
		t.Errorf("there are %d: %v", len(all), slices.Collect(maps.Keys(all)))
	}
	for name, tags := range all {
		if !strings.HasPrefix(name, "ohfp-") || len(name) != 37 || tags[aws.TagBroker] == "" || tags[aws.TagProvider] != west {
			t.Errorf("%q has the tags %v", name, tags)
		}
	}
}

func TestALaunchTemplateThatSomebodyDeletedIsMadeAgain(t *testing.T) {
	s := newSite(t)
	two := types(ec2test.TypeLarge, ec2test.TypeCompute)
	s.create(order("op-1", 1, template(two)))
	s.DropLaunchTemplates()
	if r := s.create(order("op-2", 2, template(two))); len(r.Machines) != 2 || s.Made() != 3 {
		t.Errorf("got %d machines, %d were made", len(r.Machines), s.Made())
	}
}

func TestALaunchTemplateOfTheAccountIsTakenAsItIs(t *testing.T) {
	for name, id := range map[string]bool{"by its id": true, "by its name": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			theirs := config.LaunchTemplate{Name: "golden"}
			lt := s.AddLaunchTemplate("golden", map[string]string{"ImageId": ec2test.Image, "InstanceType": ec2test.TypeXLarge, "KeyName": ec2test.KeyPair})
			if id {
				theirs = config.LaunchTemplate{ID: lt, Version: "1"}
			}
			s.create(order("op", 1, broker.ResolvedTemplate{Extra: raw(t, config.AWSTemplate{LaunchTemplate: &theirs})}))
			s.create(order("two", 1, broker.ResolvedTemplate{
				MachineTypes: []string{ec2test.TypeLarge, ec2test.TypeCompute}, Extra: raw(t, config.AWSTemplate{LaunchTemplate: &theirs}),
			}))
			if diff := cmp.Diff(map[string]int{ec2test.TypeXLarge: 1, ec2test.TypeLarge: 1}, s.count(kind)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, m := range s.Machines() {
				if m.KeyName != ec2test.KeyPair || len(m.Groups) != 0 {
					t.Errorf("machine %s: %+v", m.ID, m)
				}
			}
			if n := len(s.Calls("CreateLaunchTemplate")); n != 0 {
				t.Errorf("%d were made", n)
			}
		})
	}
}

func TestWhatCanNeverWorkIsRefusedBeforeACall(t *testing.T) {
	lt := &config.LaunchTemplate{Name: "golden"}
	cases := map[string]struct {
		template broker.ResolvedTemplate
		want     string
	}{
		"user data over 16 KB":           {template(func(t *broker.ResolvedTemplate) { t.UserData = strings.Repeat("x", 16<<10+1) }), "user_data has 16385 bytes and EC2 takes 16384"},
		"a way to pay that is none":      {template(paid("barter")), `price_type is "barter"`},
		"a tag of AWS":                   {template(func(t *broker.ResolvedTemplate) { t.Tags = map[string]string{"aws:a": "b"} }), "begin with aws: and ohfp: are taken"},
		"a tag of the broker":            {template(func(t *broker.ResolvedTemplate) { t.Tags = map[string]string{"ohfp:broker": "b"} }), "begin with aws: and ohfp: are taken"},
		"a tag that is too long":         {template(func(t *broker.ResolvedTemplate) { t.Tags = map[string]string{"a": strings.Repeat("b", 257)} }), "a value at most 256"},
		"too many tags":                  {template(func(t *broker.ResolvedTemplate) { t.Tags = manyTags(46) }), "51 tags with the broker's own and EC2 takes 50"},
		"too many choices":               {template(types(slices.Repeat([]string{"m7i.large"}, 301)...)), "301 choices and a fleet takes 300"},
		"no image":                       {template(func(t *broker.ResolvedTemplate) { t.Image = "" }), "aws needs image"},
		"a fleet that changes the rest":  {template(types("a", "b"), extra(t, config.AWSTemplate{LaunchTemplate: lt, KeyName: "ops"})), "put them there"},
		"fields that cannot be read":     {template(func(t *broker.ResolvedTemplate) { t.Extra = []byte(`[`) }), "cannot be read"},
		"a root volume without an image": {broker.ResolvedTemplate{MachineTypes: []string{"a"}, Extra: raw(t, config.AWSTemplate{LaunchTemplate: lt, RootVolumeGiB: 9})}, "need image"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, err := s.driver.Create(t.Context(), order("op", 1, c.template))
			p := fault.AsProvider(err)
			if p == nil || p.Class != fault.Validation || p.Sent || !strings.Contains(p.Message, c.want) {
				t.Errorf("got %v; want %q", err, c.want)
			}
			if n := len(s.Calls("")); n != 0 {
				t.Errorf("EC2 was called %d times", n)
			}
		})
	}
}

func manyTags(n int) map[string]string {
	tags := map[string]string{}
	for i := range n {
		tags[fmt.Sprintf("tag-%d", i)] = "x"
	}
	return tags
}

// Somebody changed the registration between a call that was lost and its
// replay: EC2 knows the token with other parameters.
func TestATokenThatEC2KnowsOtherwiseIsResolvedByTags(t *testing.T) {
	s := newSite(t)
	spec := order("op", 3, template())
	first := s.create(spec)
	spec.Template.UserData = "changed meanwhile"
	again := s.create(spec)
	if diff := cmp.Diff(idsOf(first.Machines), idsOf(again.Machines)); diff != "" || len(again.Shortfall) != 0 || s.Made() != 3 {
		t.Errorf("-first +again:\n%s\n%v; %d were made", diff, again.Shortfall, s.Made())
	}
	s.Lag(time.Hour)
	later := order("later", 2, template())
	s.create(later)
	later.Template.UserData = "changed meanwhile"
	_, err := s.driver.Create(t.Context(), later)
	if p := fault.AsProvider(err); p == nil || !p.Ambiguous() || p.Code != "IdempotentParameterMismatch" {
		t.Errorf("what it made is not seen yet, and the error is %v", err)
	}
}

func TestMachinesThatAreNotSeenYetAreThereAllTheSame(t *testing.T) {
	s := newSite(t)
	s.Lag(time.Minute)
	r := s.create(order("op", 3, template(types(ec2test.TypeLarge, ec2test.TypeCompute))))
	if diff := cmp.Diff(slices.Sorted(slices.Values(s.Exist())), idsOf(r.Machines)); diff != "" {
		t.Errorf("-exist +got:\n%s", diff)
	}
	for _, m := range r.Machines {
		if m.Status != broker.MachinePending || m.PrivateIP != "" || m.InstanceType != ec2test.TypeLarge || m.Zone != s.Zone("a") {
			t.Errorf("got %+v", m)
		}
	}
	found, err := s.driver.Find(t.Context(), order("op", 3, template()))
	if err != nil || len(found) != 0 {
		t.Errorf("a look-up found %d, %v", len(found), err)
	}
	s.clock.Advance(time.Minute)
	if found, err = s.driver.Find(t.Context(), order("op", 3, template())); err != nil || len(found) != 3 {
		t.Errorf("a look-up found %d, %v", len(found), err)
	}
}

func TestBrokersOfOneAccountDoNotSeeEachOthersMachines(t *testing.T) {
	s := newSite(t)
	ours, theirs := order("op", 2, template()), order("op", 3, template())
	theirs.BrokerID, theirs.Token = "another broker", "another token"
	first, second := s.create(ours), s.create(theirs)
	for _, c := range []struct {
		spec broker.CreateSpec
		want []string
	}{{ours, idsOf(first.Machines)}, {theirs, idsOf(second.Machines)}} {
		found, err := s.driver.Find(t.Context(), c.spec)
		if diff := cmp.Diff(c.want, idsOf(found)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

func idsOf(machines []broker.Machine) []string {
	var ids []string
	for _, m := range machines {
		ids = append(ids, m.ID)
	}
	slices.Sort(ids)
	return ids
}
