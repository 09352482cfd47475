package aws_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/iam"
	"github.com/openhostfactory/ohfp/shared/providers/aws"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/awsrole"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// The double's account, and the role that it gives to the broker of package
// tests' orders.
const (
	account = "111122223333"
	ec2ARN  = "arn:aws:ec2:us-west-2:" + account + ":"
)

var ours = order("", 0, broker.ResolvedTemplate{}).BrokerID

// granted are the rights of the role that `ohfp aws provider-role` prints.
func granted(t testing.TB) []iam.Policy {
	t.Helper()
	var text bytes.Buffer
	o := awsrole.Options{
		BrokerAccount: "999988887777", ExternalID: "ours", Broker: ours, RoleName: "ohfp-provider-west", InstanceRoles: []string{"workers"},
		BusARN: "arn:aws:events:eu-west-1:999988887777:event-bus/ohfp-prod",
	}
	if err := awsrole.Write(&text, o); err != nil {
		t.Fatal(err)
	}
	document, err := yaml.YAMLToJSON(text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	template, err := iam.ReadTemplate(document, map[string]string{"AWS::Region": "us-west-2", "AWS::AccountId": account, "AWS::Partition": "aws"})
	if err != nil {
		t.Fatal(err)
	}
	policies, err := template.Policies(o.RoleName)
	if err != nil {
		t.Fatal(err)
	}
	return policies
}

// play has the driver do all that it can do. owners are whose each machine was,
// by its tag.
func play(t *testing.T) (s *site, owners map[string]string) {
	t.Helper()
	s, owners = newSite(t), map[string]string{}
	s.AddLaunchTemplate("golden", map[string]string{"ImageId": ec2test.Image, "InstanceType": ec2test.TypeXLarge})
	all := extra(t, config.AWSTemplate{
		KeyName: ec2test.KeyPair, InstanceProfile: "workers", RootVolumeGiB: 40, Subnets: []string{ec2test.SubnetA, ec2test.SubnetB},
	})
	golden := extra(t, config.AWSTemplate{LaunchTemplate: &config.LaunchTemplate{Name: "golden"}})
	mixed := extra(t, config.AWSTemplate{PercentOnDemand: new(50)})
	two := types(ec2test.TypeLarge, ec2test.TypeCompute)
	var ids []string
	for i, wish := range []broker.ResolvedTemplate{
		template(), template(all), template(two, all), template(paid("spot")), template(two, paid("spot")), template(two, paid("heterogeneous"), mixed),
		template(golden), template(two, golden),
	} {
		if _, err := s.driver.Validate(t.Context(), wish); err != nil {
			t.Fatalf("validating wish %d: %v", i, err)
		}
		spec := order(fmt.Sprintf("op-%d", i), 2, wish)
		for _, m := range s.create(spec).Machines {
			ids = append(ids, m.ID)
		}
		if _, err := s.driver.Find(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
	}
	_, status := s.driver.Status(t.Context(), ids)
	s.driver.Discover(t.Context())
	s.driver.Examine(t.Context(), shown(template(two, all)))
	_, watched := s.driver.Watch(t.Context(), ids)
	_, known := s.driver.Types(t.Context(), []string{ec2test.TypeLarge}, nil)
	_, listed := s.driver.List(t.Context(), ours)
	_, health := s.driver.Health(t.Context())
	_, can := s.driver.Capabilities(t.Context())
	for _, m := range s.Machines() {
		owners[m.ID] = m.Tags[aws.TagBroker]
	}
	_, ended := s.driver.Terminate(t.Context(), ids)
	for _, err := range []error{status, watched, known, listed, health, can, ended} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return s, owners
}

// TestTheRoleOfAnAccountIsWhatTheDriverNeeds judges every call of the driver by
// the role, and finds nothing in the role that no call needs.
func TestTheRoleOfAnAccountIsWhatTheDriverNeeds(t *testing.T) {
	s, owners := play(t)
	policies := granted(t)
	asked := map[string]bool{}
	var decisions []iam.Decision
	for _, c := range s.Calls("") {
		if c.Action == "GetCallerIdentity" {
			continue // whoever has credentials may ask
		}
		asked[c.Action] = true
		for _, r := range s.requests(c, owners) {
			d, err := iam.Evaluate(policies, r)
			if err != nil {
				t.Fatal(err)
			}
			if !d.Allowed {
				t.Errorf("%s needs %s, which the role does not allow", c.Action, r)
			}
			decisions = append(decisions, d)
		}
	}
	for _, g := range iam.Unused(policies, decisions) {
		t.Errorf("nothing needs %s", g)
	}
	if diff := cmp.Diff(written(t), asked); diff != "" {
		t.Errorf("actions in the sources of the driver (-) and played here (+):\n%s", diff)
	}
}

// written are the actions of EC2 that the driver's sources name.
func written(t testing.TB) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	call, all := regexp.MustCompile(`\bapi\.(?:quotas\.)?((?:Run|Create|Describe|Terminate|Delete|Modify|Start|Stop|Get|Cancel|Request)\w+)\b`), map[string]bool{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		for _, m := range call.FindAllSubmatch(text, -1) {
			all[string(m[1])] = true
		}
	}
	return all
}

// requests are what IAM is asked for a call: a request for each resource that
// the action touches, one for each tag of what it makes, and one for the role
// that it hands on.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
func (s *site) requests(c ec2test.Call, owners map[string]string) []iam.Request {
	switch c.Action {
	case "RunInstances":
		return slices.Concat(launching(c, ec2test.Call{Params: map[string]string{}}), tagging(c, c.Action, "instance", "volume"), passing(c.Params))
	case "CreateFleet":
		template := s.templateOf(c)
		return slices.Concat(
			making(c, c.Action, "fleet"), on(c.Action, ec2ARN+"launch-template/lt-1"), launching(c, template), passing(template.Params),
			tagging(c, "CreateFleet", "fleet", "instance", "volume"), tagging(c, "RunInstances", "instance", "volume"),
		)
	case "CreateLaunchTemplate":
		return slices.Concat(making(c, c.Action, "launch-template"), tagging(c, c.Action, "launch-template"))
	case "TerminateInstances":
		return ending(c, owners)
	case "GetServiceQuota":
		return []iam.Request{{Action: "servicequotas:" + c.Action, Resource: "arn:aws:servicequotas:us-west-2:" + account + ":ec2/L-1216C47A"}}
	}
	return on(c.Action, "*")
}

// templateOf is the call that made the launch template of a fleet; an empty one
// for a template that was there before.
func (s *site) templateOf(c ec2test.Call) ec2test.Call {
	name := c.Params["LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateName"]
	for _, made := range s.Calls("CreateLaunchTemplate") {
		if made.Params["LaunchTemplateName"] == name {
			return made
		}
	}
	return ec2test.Call{Params: map[string]string{}}
}

func on(action string, arns ...string) []iam.Request {
	var all []iam.Request
	for _, arn := range arns {
		all = append(all, iam.Request{Action: "ec2:" + action, Resource: arn})
	}
	return all
}

// launching is what machines are made of, and themselves.
func launching(c, template ec2test.Call) []iam.Request {
	const action = "RunInstances"
	all := slices.Concat(making(c, action, "instance", "volume"), on(action,
		ec2ARN+"network-interface/*", ec2ARN+"subnet/"+ec2test.SubnetA, ec2ARN+"security-group/"+ec2test.SecurityGroup, "arn:aws:ec2:us-west-2::image/"+ec2test.Image))
	for name, value := range c.Params {
		if name == "KeyName" {
			all = append(all, on(action, ec2ARN+"key-pair/"+value)...)
		}
		if strings.Contains(name, "LaunchTemplateName") {
			all = append(all, on(action, ec2ARN+"launch-template/lt-1")...)
		}
	}
	if key := template.Params["LaunchTemplateData.KeyName"]; key != "" {
		all = append(all, on(action, ec2ARN+"key-pair/"+key)...)
	}
	return all
}

// making is resources that a call makes, with the tags that it gives them.
func making(c ec2test.Call, action string, kinds ...string) []iam.Request {
	var all []iam.Request
	for _, kind := range kinds {
		r := iam.Request{Action: "ec2:" + action, Resource: ec2ARN + kind + "/*", Context: map[string][]string{}}
		for key, value := range tagsIn(c, kind) {
			r.Context["aws:RequestTag/"+key] = []string{value}
			r.Context["aws:TagKeys"] = append(r.Context["aws:TagKeys"], key)
		}
		all = append(all, r)
	}
	return all
}

func tagging(c ec2test.Call, within string, kinds ...string) []iam.Request {
	all := making(c, "CreateTags", kinds...)
	for i := range all {
		all[i].Context["ec2:CreateAction"] = []string{within}
	}
	return all
}

// tagsIn are the tags that a call gives to what it makes of a kind.
func tagsIn(c ec2test.Call, kind string) map[string]string {
	tags := map[string]string{}
	for name, value := range c.Params {
		if !strings.HasPrefix(name, "TagSpecification") || !strings.HasSuffix(name, ".ResourceType") || value != kind {
			continue
		}
		of := strings.TrimSuffix(name, "ResourceType")
		for key, tag := range c.Params {
			if rest, ok := strings.CutPrefix(key, of); ok && strings.HasSuffix(rest, ".Key") {
				tags[tag] = c.Params[of+strings.TrimSuffix(rest, "Key")+"Value"]
			}
		}
	}
	return tags
}

// passing is the role of an instance profile, which has the profile's name here.
func passing(params map[string]string) []iam.Request {
	for name, value := range params {
		if strings.HasSuffix(name, "IamInstanceProfile.Name") {
			return []iam.Request{{
				Action: "iam:PassRole", Resource: "arn:aws:iam::" + account + ":role/" + value,
				Context: map[string][]string{"iam:PassedToService": {"ec2.amazonaws.com"}},
			}}
		}
	}
	return nil
}

func ending(c ec2test.Call, owners map[string]string) []iam.Request {
	var all []iam.Request
	for name, id := range c.Params {
		if strings.HasPrefix(name, "InstanceId.") {
			all = append(all, iam.Request{
				Action: "ec2:TerminateInstances", Resource: ec2ARN + "instance/" + id,
				Context: map[string][]string{"ec2:ResourceTag/ohfp:broker": {owners[id]}},
			})
		}
	}
	return all
}

func TestTheRoleOfAnAccountAllowsNothingElse(t *testing.T) {
	policies := granted(t)
	tag := func(key, value string) map[string][]string { return map[string][]string{key: {value}} }
	const theirs = "00000000-0000-4000-8000-000000000000"
	for what, r := range map[string]iam.Request{
		"ending a machine without a tag":           {Action: "ec2:TerminateInstances", Resource: ec2ARN + "instance/i-1"},
		"ending another broker's machine":          {Action: "ec2:TerminateInstances", Resource: ec2ARN + "instance/i-1", Context: tag("ec2:ResourceTag/ohfp:broker", theirs)},
		"making a machine without a tag":           {Action: "ec2:RunInstances", Resource: ec2ARN + "instance/*"},
		"making a machine as another broker":       {Action: "ec2:RunInstances", Resource: ec2ARN + "instance/*", Context: tag("aws:RequestTag/ohfp:broker", theirs)},
		"making a fleet without a tag":             {Action: "ec2:CreateFleet", Resource: ec2ARN + "fleet/*"},
		"tagging what is there":                    {Action: "ec2:CreateTags", Resource: ec2ARN + "instance/i-1", Context: tag("aws:RequestTag/ohfp:broker", ours)},
		"tagging something else":                   {Action: "ec2:CreateTags", Resource: ec2ARN + "vpc/vpc-1", Context: map[string][]string{"aws:RequestTag/ohfp:broker": {ours}, "ec2:CreateAction": {"CreateVpc"}}},
		"taking tags away":                         {Action: "ec2:DeleteTags", Resource: ec2ARN + "instance/i-1", Context: tag("ec2:ResourceTag/ohfp:broker", ours)},
		"stopping its own machine":                 {Action: "ec2:StopInstances", Resource: ec2ARN + "instance/i-1", Context: tag("ec2:ResourceTag/ohfp:broker", ours)},
		"changing a launch template":               {Action: "ec2:CreateLaunchTemplateVersion", Resource: ec2ARN + "launch-template/lt-1", Context: tag("aws:RequestTag/ohfp:broker", ours)},
		"handing on a role that is not named":      {Action: "iam:PassRole", Resource: "arn:aws:iam::" + account + ":role/admin", Context: tag("iam:PassedToService", "ec2.amazonaws.com")},
		"handing a role to something else":         {Action: "iam:PassRole", Resource: "arn:aws:iam::" + account + ":role/workers", Context: tag("iam:PassedToService", "lambda.amazonaws.com")},
		"reading user data":                        {Action: "ec2:DescribeInstanceAttribute", Resource: ec2ARN + "instance/i-1"},
		"making machines in another account":       {Action: "ec2:RunInstances", Resource: "arn:aws:ec2:us-west-2:444455556666:subnet/subnet-1"},
		"looking into what is none of its affairs": {Action: "s3:ListAllMyBuckets", Resource: "*"},
	} {
		if d, err := iam.Evaluate(policies, r); err != nil || d.Allowed {
			t.Errorf("%s: allowed by %q, %v", what, d.By, err)
		}
	}
}

// The events that the template has told are those that the broker records.
func TestWhatIsToldIsUnderstood(t *testing.T) {
	source, err := os.ReadFile("../../command/record_machine_event.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, told := range (awsrole.Options{}).Told() {
		if !bytes.Contains(source, []byte(`"`+told+`"`)) {
			t.Errorf("recordMachineEvent does not know %q", told)
		}
	}
}
