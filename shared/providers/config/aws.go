package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// AWS is the strategy_config of an account and region of AWS, or of a cloud
// that speaks its API.
type AWS struct {
	Region          string             `json:"region" required:"true" format:"name" doc:"Region, such as us-west-2."`
	Profile         string             `json:"profile,omitempty" maxlen:"128" doc:"Profile of the AWS configuration on the broker's machine."`
	RoleARN         string             `json:"role_arn,omitempty" maxlen:"2048" doc:"Role that the broker assumes in the account."`
	ExternalID      string             `json:"external_id,omitempty" minlen:"2" maxlen:"1224" doc:"External id that the role's trust policy asks for."`
	EndpointURL     string             `json:"endpoint_url,omitempty" maxlen:"1024" doc:"Endpoint of a compatible cloud; https, or http on the broker's own machine."`
	Subnets         []string           `json:"subnets,omitempty" maxlen:"50" doc:"Subnets to start machines in, one or more per zone."`
	SecurityGroups  []string           `json:"security_groups,omitempty" maxlen:"16" doc:"Security groups of the machines."`
	InstanceProfile string             `json:"instance_profile,omitempty" maxlen:"256" doc:"Name or ARN of the instance profile of the machines."`
	KeyName         string             `json:"key_name,omitempty" maxlen:"255" doc:"Name of the key pair for SSH."`
	MachinePrices   map[string]float64 `json:"machine_prices,omitempty" min:"0" maxlen:"500" doc:"Price per hour by machine type, where the price list may not be read."`
}

// AWSTemplate is what a template may say for AWS beyond the common fields. It
// is the Extra of a resolved template.
type AWSTemplate struct {
	Subnets            []string        `json:"subnets,omitempty" maxlen:"50" doc:"In the place of the registration's subnets."`
	SecurityGroups     []string        `json:"security_groups,omitempty" maxlen:"16" doc:"In the place of the registration's security groups."`
	InstanceProfile    string          `json:"instance_profile,omitempty" maxlen:"256" doc:"In the place of the registration's instance profile."`
	KeyName            string          `json:"key_name,omitempty" maxlen:"255" doc:"In the place of the registration's key pair."`
	LaunchTemplate     *LaunchTemplate `json:"launch_template,omitempty" doc:"A launch template of the account; it may give image and machine type."`
	AllocationStrategy string          `json:"allocation_strategy,omitempty" enum:"price-capacity-optimized,capacity-optimized,lowest-price,prioritized" doc:"How a fleet chooses among machine types and subnets."`
	SpotMaxPrice       *float64        `json:"spot_max_price,omitempty" min:"0" doc:"Highest price per hour for a spot machine."`
	RootVolumeGiB      int             `json:"root_volume_gib,omitempty" min:"1" max:"65536" doc:"Size of the root volume."`
	PercentOnDemand    *int            `json:"percent_on_demand,omitempty" min:"0" max:"100" doc:"With price_type heterogeneous: the share that is paid on demand, rounded up; 50 when left out. The rest is spot."`
	Requirements       *Requirements   `json:"instance_requirements,omitempty" doc:"In the place of machine_types: what a type must have; EC2 chooses among all that do."`
	RootVolumeType     string          `json:"root_volume_type,omitempty" enum:"gp2,gp3,io1,io2,st1,sc1,standard" doc:"Type of the root volume."`
}

// Requirements are what a machine type must have, in the place of its name.
type Requirements struct {
	VCPUMin       int      `json:"vcpu_min" required:"true" min:"1" max:"1024" doc:"Virtual CPUs, at least."`
	VCPUMax       int      `json:"vcpu_max,omitempty" min:"1" max:"1024" doc:"Virtual CPUs, at most."`
	MemoryMiBMin  int      `json:"memory_mib_min" required:"true" min:"1" doc:"Memory in MiB, at least."`
	MemoryMiBMax  int      `json:"memory_mib_max,omitempty" min:"1" doc:"Memory in MiB, at most."`
	ExcludedTypes []string `json:"excluded_machine_types,omitempty" maxlen:"400" doc:"Types that will not do; * stands for any part of a name."`
}

// LaunchTemplate names a launch template by id or by name.
type LaunchTemplate struct {
	ID      string `json:"id,omitempty" maxlen:"255" doc:"Id of the launch template."`
	Name    string `json:"name,omitempty" maxlen:"128" doc:"Name of the launch template."`
	Version string `json:"version,omitempty" maxlen:"32" doc:"Version number, $Latest or $Default; $Default when left out."`
}

func awsKind() Kind {
	return Kind{
		Name:    "aws",
		Summary: "Machines of EC2, or of a cloud that speaks its API.",
		Config:  reflect.TypeFor[AWS](),
		// A look-up may not show what was made until then.
		ConsistencyLag: 2 * time.Minute,
		typed:          true,
		cheapest:       func(t broker.ResolvedTemplate) bool { extra, err := extraOf(t); return err == nil && extra.ByPrice() },
		config: func(raw json.RawMessage, at string) (any, []string, error) {
			c, warnings, err := readAWS(raw, at)
			return c, warnings, err
		},
		layer:   awsLayer,
		missing: awsMissing,
	}
}

// ParseAWS reads the strategy_config of an AWS provider. invalid_request.
func ParseAWS(raw json.RawMessage) (AWS, error) {
	c, _, err := readAWS(raw, at)
	return c, err
}

var (
	awsRegion = lazily(`^[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}$`)
	awsRole   = lazily(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$`)
	awsSubnet = lazily(`^subnet-[0-9a-z-]{1,64}$`)
	awsGroup  = lazily(`^sg-[0-9a-z-]{1,64}$`)
)

func readAWS(raw json.RawMessage, at string) (AWS, []string, error) {
	var c AWS
	if err := wire.Decode(raw, &c, wire.Limits{At: at}); err != nil {
		return AWS{}, nil, err
	}
	bad := append(c.account(at), awsNetwork(c.Subnets, c.SecurityGroups, at)...)
	if err := invalid(bad); err != nil {
		return AWS{}, nil, err
	}
	return c, c.warnings(), nil
}

func (c AWS) account(at string) []fault.Field {
	var bad []fault.Field
	if c.EndpointURL == "" && !awsRegion.MatchString(c.Region) {
		bad = append(bad, field(at+".region", "%q is not a region of AWS, such as us-west-2; a compatible cloud needs endpoint_url too", c.Region))
	}
	if c.RoleARN != "" && !awsRole.MatchString(c.RoleARN) {
		bad = append(bad, field(at+".role_arn", "want arn:aws:iam::<12 digits>:role/<name>"))
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		bad = append(bad, field(at+".external_id", "only a role has an external id: give role_arn too"))
	}
	if m := badEndpoint(c.EndpointURL); m != "" {
		bad = append(bad, field(at+".endpoint_url", "%s", m))
	}
	return bad
}

func (c AWS) warnings() []string {
	var w []string
	if c.Profile != "" && c.RoleARN == "" {
		w = append(w, fmt.Sprintf("profile %q is read from the broker's own machine; a broker that runs on AWS needs role_arn", c.Profile))
	}
	if c.RoleARN != "" && c.ExternalID == "" {
		w = append(w, "role_arn without external_id: anybody who may use this broker's account can be made to act in that role")
	}
	return w
}

func awsNetwork(subnets, groups []string, at string) []fault.Field {
	var bad []fault.Field
	for i, s := range subnets {
		if !awsSubnet.MatchString(s) {
			bad = append(bad, field(fmt.Sprintf("%s.subnets[%d]", at, i), "%q is not the id of a subnet, such as subnet-0a1b2c3d", s))
		}
	}
	for i, s := range groups {
		if !awsGroup.MatchString(s) {
			bad = append(bad, field(fmt.Sprintf("%s.security_groups[%d]", at, i), "%q is not the id of a security group, such as sg-0a1b2c3d", s))
		}
	}
	return bad
}

// badEndpoint says what is wrong with an endpoint, "" when nothing is. Names
// are judged again when they are dialled, by the address they resolve to.
func badEndpoint(s string) string {
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return "want a URL such as https://ec2.example.org"
	}
	switch {
	case u.User != nil:
		return "a secret is never stored here: no user or password in the URL"
	case u.RawQuery != "" || u.Fragment != "":
		return "want no query and no fragment"
	}
	return badHost(u)
}

func badHost(u *url.URL) string {
	addr, err := netip.ParseAddr(u.Hostname())
	literal := err == nil
	local := u.Hostname() == "localhost" || literal && addr.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "want https; http is for the broker's own machine only"
	}
	if why := RefusedAddress(addr); literal && why != "" {
		return "this address is never called: " + why
	}
	return ""
}

func awsMissing(t broker.ResolvedTemplate) string {
	extra, err := extraOf(t)
	if err != nil {
		return "its fields for aws cannot be read"
	}
	typed := len(t.MachineTypes) > 0 || extra.Requirements != nil
	switch {
	case extra.LaunchTemplate != nil:
		return ""
	case t.Image == "" && !typed:
		return "aws needs image and machine_types, or a launch_template"
	case t.Image == "":
		return "aws needs image, or a launch_template"
	case !typed:
		return "aws needs machine_types, or a launch_template"
	}
	return ""
}

func extraOf(t broker.ResolvedTemplate) (extra AWSTemplate, err error) {
	if len(t.Extra) > 0 {
		err = json.Unmarshal(t.Extra, &extra)
	}
	return extra, err //nolint:wrapcheck // each caller says what it means
}

// ByPrice reports whether machine types are chosen on demand by their price, and
// not by the template's order.
func (t AWSTemplate) ByPrice() bool {
	return t.AllocationStrategy != "" && t.AllocationStrategy != "prioritized" || t.Requirements != nil
}

// contradictions are fields of a layer that cannot be meant together.
func (t AWSTemplate) contradictions(common templateFields, at string) []fault.Field {
	var bad []fault.Field
	r := t.Requirements
	if r == nil {
		return nil
	}
	if len(common.MachineWeights) > 0 {
		bad = append(bad, field(at+".machine_weights", "with instance_requirements each machine counts as one: give machine_types, or no weights"))
	}
	if len(common.MachineTypes) > 0 {
		bad = append(bad, field(at+".instance_requirements", "give machine_types or instance_requirements, not both"))
	}
	if r.VCPUMax != 0 && r.VCPUMax < r.VCPUMin {
		bad = append(bad, field(at+".instance_requirements.vcpu_max", "want vcpu_min or more, got %d", r.VCPUMax))
	}
	if r.MemoryMiBMax != 0 && r.MemoryMiBMax < r.MemoryMiBMin {
		bad = append(bad, field(at+".instance_requirements.memory_mib_max", "want memory_mib_min or more, got %d", r.MemoryMiBMax))
	}
	if t.AllocationStrategy == "prioritized" {
		bad = append(bad, field(at+".allocation_strategy", "prioritized needs machine_types: nothing orders the types that instance_requirements finds"))
	}
	return bad
}
