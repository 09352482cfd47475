// Package awsrole writes what an account of AWS gives to a broker: a template of
// CloudFormation with a role that may do what the driver of kind aws does, and
// no more, and with a rule that tells the broker what EC2 says of machines.
//
// The tests of package aws hold the role to what the driver asks for. It imports
// the standard library, so that the client can print the template without the
// SDK.
package awsrole

import (
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"text/template"
)

// Options say who is let in, and where to tell.
type Options struct {
	BrokerAccount string   // of AWS, that the broker lives in
	ExternalID    string   // that the broker shows when it takes the role
	Broker        string   // its id, which its machines are tagged with
	RoleName      string   // begins with Prefix
	BusARN        string   // of EventBridge, at the broker; "": nothing is told
	InstanceRoles []string // names, with their paths, that machines may get by an instance profile
}

// Prefix begins the names of the roles that a broker on AWS may take.
const Prefix = "ohfp-provider-"

// tellSuffix is the longest that is added to a role's name, which has 64
// characters at most: "-tell-" and a region.
const tellSuffix = 20

// shape is what an option must look like. Each shape leaves no room for what
// YAML would take for its own.
type shape struct {
	option, value, want string
	pattern             *regexp.Regexp
}

func (o Options) shapes() []shape {
	all := []shape{
		{"--broker-account", o.BrokerAccount, "the 12 digits of an account", regexp.MustCompile(`^[0-9]{12}$`)},
		{"--external-id", o.ExternalID, "2 to 1,000 letters, digits and _+=,.@:/-", regexp.MustCompile(`^[\w+=,.@:/-]{2,1000}$`)},
		{"--broker", o.Broker, "the broker's id, a UUID", regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)},
		{
			"--role-name", o.RoleName, fmt.Sprintf("%s and up to %d letters, digits and _.-", Prefix, 64-tellSuffix-len(Prefix)),
			regexp.MustCompile(fmt.Sprintf(`^%s[\w.-]{1,%d}$`, Prefix, 64-tellSuffix-len(Prefix))),
		},
	}
	if o.BusARN != "" {
		all = append(all, shape{"--bus-arn", o.BusARN, "arn:aws:events:REGION:ACCOUNT:event-bus/NAME", regexp.MustCompile(`^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/[\w./-]{1,256}$`)})
	}
	for _, r := range o.InstanceRoles {
		all = append(all, shape{"--instance-role", r, "the name of a role, with its path and without a wildcard", regexp.MustCompile(`^[\w+=,.@/-]{1,512}$`)})
	}
	return all
}

// Check says which option is not what it must be.
func (o Options) Check() error {
	for _, s := range o.shapes() {
		if !s.pattern.MatchString(s.value) {
			return fmt.Errorf("%s: want %s, got %q", s.option, s.want, s.value)
		}
	}
	return nil
}

// Looks are the actions by which the driver looks.
func (Options) Looks() []string {
	return []string{
		"DescribeAvailabilityZones", "DescribeImages", "DescribeInstanceTypeOfferings", "DescribeInstanceTypes", "DescribeInstances",
		"DescribeLaunchTemplateVersions", "DescribeSecurityGroups", "DescribeSpotInstanceRequests", "DescribeSpotPriceHistory", "DescribeSubnets",
	}
}

// Told are the events of EC2 that a broker understands, by their detail-type.
func (Options) Told() []string {
	return []string{"EC2 Instance Rebalance Recommendation", "EC2 Instance State-change Notification", "EC2 Spot Instance Interruption Warning"}
}

//go:embed role.yaml
var text string

// Write writes the template, as YAML.
func Write(w io.Writer, o Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	t, err := template.New("role.yaml").Parse(text)
	if err != nil {
		return fmt.Errorf("reading the template: %w", err)
	}
	return t.Execute(w, o)
}
