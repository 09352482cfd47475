package ec2test

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
)

// launch is a call for machines.
type launch struct {
	action, token string
	tags          map[string]string
	fleet         string
	options       []option
}

// option is one kind of machine that would do.
type option struct {
	kind, subnet, image string
	market              Market
	maxPrice            string
	priority            string
	weight              int
	ofFleet             bool
	data                params // the rest of what a launch template, or the call, says
}

// reply is what a token was answered.
type reply struct {
	asked    string // the call
	fleet    string
	machines []*Machine
	errors   []fleetError
}

// earlier returns what the call's token was answered before.
func (c *Cloud) earlier(p params) (*reply, error) {
	token := p["ClientToken"]
	if token == "" {
		return nil, nil //nolint:nilnil // a call without a token repeats none
	}
	if len(token) > 64 {
		return nil, refuse("InvalidParameterValue", "Value (%s) for parameter clientToken is invalid. It must have at most 64 ASCII characters", token)
	}
	r, ok := c.replies[p["Action"]+" "+token]
	if ok && r.asked != p.canonical() {
		return nil, refuse("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).")
	}
	return r, nil
}

func (c *Cloud) remember(p params, r *reply) {
	r.asked = p.canonical()
	if token := p["ClientToken"]; token != "" {
		c.replies[p["Action"]+" "+token] = r
	}
}

// sound says what is wrong with an option wherever it goes.
func (c *Cloud) sound(o option) *Error {
	if o.image == "" {
		return refuse("MissingParameter", "The request must contain the parameter ImageId")
	}
	if state, ok := c.stock.images[o.image]; !ok {
		return refuse("InvalidAMIID.NotFound", "The image id '[%s]' does not exist", o.image)
	} else if state != "available" {
		return refuse("InvalidAMIID.Unavailable", "The image id '[%s]' is no longer available", o.image)
	}
	if _, ok := c.stock.types[o.kind]; !ok {
		return refuse("InvalidParameterValue", "Invalid value '%s' for InstanceType.", o.kind)
	}
	if _, ok := c.stock.subnets[o.subnet]; !ok {
		return refuse("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", o.subnet)
	}
	return c.soundData(o.data)
}

func (c *Cloud) soundData(d params) *Error {
	for _, g := range d.list("SecurityGroupId") {
		if !slices.Contains(c.stock.groups, g) {
			return refuse("InvalidGroup.NotFound", "The security group '%s' does not exist", g)
		}
	}
	if k := d["KeyName"]; k != "" && !slices.Contains(c.stock.keys, k) {
		return refuse("InvalidKeyPair.NotFound", "The key pair '%s' does not exist", k)
	}
	raw, err := base64.StdEncoding.DecodeString(d["UserData"])
	if err != nil {
		return refuse("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
	}
	if len(raw) > 16<<10 {
		return refuse("InvalidParameterValue", "User data is limited to 16384 bytes")
	}
	return nil
}

// afford says how many machines of an option there is room and quota for, and
// why it is not more: the error is set when it is fewer than wanted.
func (c *Cloud) afford(o option, want int) (int, *Error) {
	t, subnet := c.stock.types[o.kind], c.stock.subnets[o.subnet]
	if o.ofFleet && c.choices != nil {
		return 0, c.choices
	}
	if !t.in(subnet.Zone) {
		return 0, refuse("Unsupported", "Your requested instance type (%s) is not supported in your requested Availability Zone (%s).", o.kind, subnet.Zone)
	}
	if n, e := c.withinQuota(o, want); e != nil {
		return n, e
	}
	if subnet.Free < want {
		return subnet.Free, refuse("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.")
	}
	return c.inRoom(Pool{o.kind, subnet.Zone, o.market}, want)
}

func (c *Cloud) inRoom(p Pool, want int) (int, *Error) {
	left := want
	if n, bounded := c.rooms[p]; bounded {
		left = min(left, n)
	}
	if c.room != nil {
		left = min(left, *c.room)
	}
	if left < want {
		return max(left, 0), refuse("InsufficientInstanceCapacity",
			"We currently do not have sufficient %s capacity in the Availability Zone you requested (%s).", p.Type, p.Zone).at(http.StatusInternalServerError)
	}
	return want, nil
}

// standard is the families of machine types that share a quota.
var standard = regexp.MustCompile(`^[acdhimrtz][0-9]`)

// withinQuota bounds the virtual CPUs of all machines of a market that are of
// the standard families.
func (c *Cloud) withinQuota(o option, want int) (int, *Error) {
	limit, bounded := c.quota[o.market]
	if !bounded || !standard.MatchString(o.kind) {
		return want, nil
	}
	used := 0
	for _, m := range c.machines {
		if m.Market == o.market && standard.MatchString(m.Type) && !m.ended(c.now()) {
			used += c.stock.types[m.Type].VCPUs
		}
	}
	n := max(0, (limit-used)/c.stock.types[o.kind].VCPUs)
	if n >= want {
		return want, nil
	}
	if o.market == Spot {
		return n, refuse("MaxSpotInstanceCountExceeded", "Max spot instance count exceeded")
	}
	return n, refuse("VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit of %d allows.", limit)
}

// pace takes machines out of the bucket of launches.
func (c *Cloud) pace(n int) error {
	if c.bucket.take(n, c.now()) {
		return nil
	}
	return refuse("RequestLimitExceeded", "Request limit exceeded.").at(http.StatusServiceUnavailable)
}

func (c *Cloud) dryRun(p params) error {
	if p["DryRun"] != "true" || c.heedless {
		return nil
	}
	return refuse("DryRunOperation", "Request would have succeeded, but DryRun flag is set.").at(http.StatusPreconditionFailed)
}
