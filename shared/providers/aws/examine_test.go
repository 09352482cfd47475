package aws_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
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

// shown is what a broker has to be examined by.
func shown(all ...broker.ResolvedTemplate) providers.Examination {
	return providers.Examination{BrokerID: ours, Templates: all}
}

func (s *site) examine(of providers.Examination) map[string]broker.Check {
	s.tb.Helper()
	found := map[string]broker.Check{}
	for _, c := range s.driver.Examine(s.tb.Context(), of) {
		if _, twice := found[c.Name]; twice || c.Message == "" || c.OK && c.Unproven {
			s.tb.Errorf("%+v", c)
		}
		found[c.Name] = c
	}
	return found
}

// worked is a site whose broker has made a fleet, so that there is a machine and
// a launch template, and knows its quota.
func worked(t *testing.T) *site {
	t.Helper()
	s := examined(t)
	s.Quota(ec2test.OnDemand, 640)
	s.create(order("op-fleet", 1, several()))
	return s
}

// several is a template of two machine types: a fleet.
func several() broker.ResolvedTemplate {
	return template(types(ec2test.TypeLarge, ec2test.TypeCompute))
}

// holdings are what a cloud holds that an examination could change: machines,
// whether they end, and launch templates.
type holdings struct {
	Machines  []ec2test.Machine
	Made      int
	Templates map[string]map[string]string
}

func (s *site) holdings() holdings { return holdings{s.Machines(), s.Made(), s.LaunchTemplates()} }

// tried are the checks of actions, by the names of policies.
func tried(found map[string]broker.Check) map[string]bool {
	all := map[string]bool{}
	for name := range found {
		if strings.Contains(name, ":") {
			all[name] = true
		}
	}
	return all
}

// rights are the actions of the role of an account, without those that only
// come with others: tags with what is made, a role with a machine.
func rights(t testing.TB) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, p := range granted(t) {
		for _, s := range p.Statements {
			for _, a := range s.Actions {
				all[a] = true
			}
		}
	}
	delete(all, "ec2:CreateTags")
	delete(all, "iam:PassRole")
	return all
}

func TestAnExaminationTriesEachActionOfTheRoleWithoutAnEffect(t *testing.T) {
	s := worked(t)
	before, calls := s.holdings(), len(s.Calls(""))
	found := s.examine(shown(several()))
	for name, c := range found {
		if !c.OK {
			t.Errorf("%s: %s", name, c.Message)
		}
	}
	if diff := cmp.Diff(rights(t), tried(found)); diff != "" {
		t.Errorf("in the role (-), tried (+):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.holdings(), cmp.AllowUnexported(ec2test.Machine{})); diff != "" {
		t.Errorf("before (-), after (+):\n%s", diff)
	}
	reads := map[string]bool{"GetCallerIdentity": true, "GetServiceQuota": true, "DescribeAvailabilityZones": true}
	looked := 0 // for a machine
	for _, call := range s.Calls("")[calls:] {
		if call.Action == "DescribeInstances" && !call.DryRun {
			looked++
		} else if !call.DryRun && !reads[call.Action] {
			t.Errorf("%s was no dry run", call.Action)
		}
	}
	if looked != 1 {
		t.Errorf("machines were looked for %d times", looked)
	}
}

func TestAnExaminationNamesEachActionThatIsRefused(t *testing.T) {
	for right := range rights(t) {
		t.Run(right, func(t *testing.T) {
			s := worked(t)
			_, action, _ := strings.Cut(right, ":")
			s.Trouble(ec2test.Trouble{Action: action, Refuse: denied(action)})
			before := s.holdings()
			found := s.examine(shown(several()))
			for name, c := range found {
				switch {
				case name == right:
					if c.OK || c.Unproven || !strings.Contains(c.Message, "allow the action in the policy of the credentials") {
						t.Errorf("%+v", c)
					}
				case name == "ec2:TerminateInstances" && action == "DescribeInstances":
					if !c.Unproven || !strings.Contains(c.Message, "not tried: the broker's machines could not be looked up") {
						t.Errorf("%+v", c)
					}
				case !c.OK:
					t.Errorf("%+v", c)
				}
			}
			if diff := cmp.Diff(before, s.holdings(), cmp.AllowUnexported(ec2test.Machine{})); diff != "" {
				t.Errorf("before (-), after (+):\n%s", diff)
			}
			if _, named := found[right]; !named {
				t.Errorf("nothing is said of it: %v", found)
			}
		})
	}
}

// denied is how an action is refused.
func denied(action string) *ec2test.Error {
	if action == "GetServiceQuota" {
		return &ec2test.Error{Code: "AccessDeniedException", Message: "User is not authorized."}
	}
	return &ec2test.Error{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.", Status: http.StatusForbidden}
}

// Who may do what a role of another broker may is refused: the dry runs carry
// the tag of this one.
func TestAnExaminationAsksAsTheBrokerThatItIs(t *testing.T) {
	s := worked(t)
	s.examine(shown(several()))
	for _, action := range []string{"RunInstances", "CreateFleet", "CreateLaunchTemplate"} {
		calls := s.Calls(action)
		c := calls[len(calls)-1]
		for _, kind := range map[string][]string{
			"RunInstances": {"instance", "volume"}, "CreateFleet": {"fleet", "instance", "volume"}, "CreateLaunchTemplate": {"launch-template"},
		}[action] {
			if got := tagsIn(c, kind)[aws.TagBroker]; !c.DryRun || got != ours {
				t.Errorf("%s: %s of %q, dry run %t", action, kind, got, c.DryRun)
			}
		}
	}
	s.Trouble(ec2test.Trouble{Action: "RunInstances", Refuse: denied("RunInstances")})
	if got := s.examine(shown(several()))["ec2:RunInstances"].Message; !strings.Contains(got, "for what carries the tag ohfp:broker="+ours+": ohfp aws provider-role prints the policy (template web)") {
		t.Error(got)
	}
}

func TestAnExaminationSaysWhatItCouldNotTry(t *testing.T) {
	none, one := shown(), shown(template())
	needing := shown(template(types(), extra(t, config.AWSTemplate{Requirements: &config.Requirements{VCPUMin: 1, MemoryMiBMin: 1}})))
	for name, c := range map[string]struct {
		of     providers.Examination
		action string
		want   string
	}{
		"machines, without a template":               {none, "RunInstances", "not tried: no template names a machine type for this provider; register one"},
		"fleets, without a template":                 {none, "CreateFleet", "not tried: no template works out at this provider; register one"},
		"machines, by requirements alone":            {needing, "RunInstances", "not tried: no template names a machine type for this provider; register one"},
		"an end, without a machine":                  {one, "TerminateInstances", "not tried: no machine here carries the tag ohfp:broker=" + ours + "; ask again while one runs"},
		"a fleet, before there is a launch template": {one, "CreateFleet", "not shown: EC2 misses the launch template, which the broker makes with the template's first fleet"},
	} {
		t.Run(name, func(t *testing.T) {
			s := examined(t)
			got := s.examine(c.of)["ec2:"+c.action]
			if got.OK || !got.Unproven || !strings.HasPrefix(got.Message, c.want) {
				t.Errorf("%+v", got)
			}
			if s.Made() != 0 || len(s.LaunchTemplates()) != 0 {
				t.Errorf("%d machines and the launch templates %v were made", s.Made(), s.LaunchTemplates())
			}
		})
	}
}

// A machine of another broker is none to try an end with.
func TestAnExaminationNamesNoMachineOfAnotherBroker(t *testing.T) {
	s := examined(t)
	theirs := order("op-theirs", 1, template())
	theirs.BrokerID = "00000000-0000-4000-8000-000000000000"
	s.create(theirs)
	if got := s.examine(shown(template()))["ec2:TerminateInstances"]; !got.Unproven || len(s.Calls("TerminateInstances")) != 0 {
		t.Errorf("%+v", got)
	}
}

// An answer that complains of what was asked for says nothing of permissions.
func TestAnExaminationTakesNoComplaintForAPermission(t *testing.T) {
	for code, status := range map[string]int{
		"InvalidParameterValue": http.StatusBadRequest, "RequestLimitExceeded": http.StatusServiceUnavailable,
		"InternalError": http.StatusInternalServerError, "SomethingNew": http.StatusBadRequest,
	} {
		s := worked(t)
		complained := rights(t)
		delete(complained, "ec2:DescribeAvailabilityZones") // without an answer nothing else is looked at
		delete(complained, "ec2:DescribeInstances")         // it finds the machine to try an end with
		for right := range complained {
			_, action, _ := strings.Cut(right, ":")
			s.Trouble(ec2test.Trouble{Action: action, Refuse: &ec2test.Error{Code: code, Message: "no.", Status: status}})
		}
		for name, c := range s.examine(shown(several())) {
			if c.Unproven != complained[name] || c.OK == c.Unproven || c.Unproven && (!strings.HasPrefix(c.Message, "not shown: ") || !strings.Contains(c.Message, code)) {
				t.Errorf("%s: %+v", code, c)
			}
		}
	}
}

func TestAnExaminationGoesOnToATemplateThatShowsSomething(t *testing.T) {
	s := worked(t)
	broken := func(id string) broker.ResolvedTemplate {
		return template(func(t *broker.ResolvedTemplate) { t.ID, t.Image = id, "ami-0000000000000gone" })
	}
	unfit := template(func(t *broker.ResolvedTemplate) { t.PriceType = "barter" })
	if got := s.examine(shown(unfit, broken("a"), broken("b"), template()))["ec2:RunInstances"]; !got.OK || got.Message != "allowed (template web)" {
		t.Errorf("%+v", got)
	}
	s = worked(t)
	got := s.examine(shown(broken("a"), broken("b"), broken("c"), template()))["ec2:RunInstances"]
	if !got.Unproven || !strings.Contains(got.Message, "InvalidAMIID.NotFound") || !strings.HasSuffix(got.Message, "(template a)") || len(s.Calls("RunInstances")) != 3 {
		t.Errorf("%d calls: %+v", len(s.Calls("RunInstances")), got)
	}
}

// AWS documents that a dry run makes nothing. Who answers otherwise has.
func TestAnExaminationTellsOfADryRunThatWasNone(t *testing.T) {
	s := worked(t)
	s.HeedNoDryRun()
	got := s.examine(shown(template()))["ec2:RunInstances"]
	if got.OK || got.Unproven || !strings.Contains(got.Message, "it was carried out") || s.Made() != 3 { // it says so of the fleet, too
		t.Errorf("%d machines: %+v", s.Made(), got)
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
			all := s.driver.Examine(t.Context(), shown())
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
		if got := s.examine(shown())["clock"]; got.OK != c.ok || !c.ok && !strings.Contains(got.Message, "synchronize") {
			t.Errorf("%s off: %+v", c.off, got)
		}
	}
}

// Nor is it asked for a dry run of what it might carry out.
func TestACompatibleCloudIsAskedNeitherWhoCallsNorForADryRunThatCouldHaveAnEffect(t *testing.T) {
	s := examined(t)
	s.driver = s.register(config.AWS{Region: s.Region(), EndpointURL: s.URL()})
	s.create(order("op", 1, several()))
	s.HeedNoDryRun()
	before := s.holdings()
	found := s.examine(shown(several()))
	if _, asked := found["credentials"]; asked || !found["region"].OK || !found["clock"].OK || len(s.Calls("GetCallerIdentity"))+len(s.Calls("GetServiceQuota")) != 0 {
		t.Errorf("%v", found)
	}
	for _, action := range []string{"RunInstances", "CreateFleet", "CreateLaunchTemplate", "TerminateInstances"} {
		if got := found["ec2:"+action]; !got.Unproven || !strings.HasPrefix(got.Message, "not tried: what is at endpoint_url may not heed DryRun") {
			t.Errorf("%+v", got)
		}
	}
	if diff := cmp.Diff(before, s.holdings(), cmp.AllowUnexported(ec2test.Machine{})); diff != "" {
		t.Errorf("before (-), after (+):\n%s", diff)
	}
}

func TestAClockIsComparedWithoutTheRightToSeeZones(t *testing.T) {
	s := examined(t)
	s.Trouble(ec2test.Trouble{Action: "DescribeAvailabilityZones", Refuse: denied("DescribeAvailabilityZones")})
	s.clock.Advance(6 * time.Minute)
	if found := s.examine(shown()); !found["region"].OK || found["clock"].OK || found["clock"].Message == "" {
		t.Errorf("%v", found)
	}
}

// A quota that could not be read is not waited for an hour, once it may be.
func TestAQuotaThatMayBeReadIsReadAtTheNextCheck(t *testing.T) {
	s := examined(t)
	s.Quota(ec2test.OnDemand, 64)
	s.Trouble(ec2test.Trouble{Action: "GetServiceQuota", Refuse: denied("GetServiceQuota")})
	quota := func() string {
		h, err := s.driver.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range h.Checks {
			if c.Name == "quota" {
				return c.Message
			}
		}
		return ""
	}
	before := quota()
	s.Calm()
	kept := quota()
	s.examine(shown())
	if after := quota(); before != "" || kept != "" || after != "vCPUs that the quotas leave: 64 of 64 on demand" {
		t.Errorf("refused %q, kept %q, allowed %q", before, kept, after)
	}
}
