package ec2test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type tagXML struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type stateXML struct {
	Code int    `xml:"code"`
	Name string `xml:"name"`
}

type codedXML struct {
	Code    string `xml:"code"`
	Message string `xml:"message"`
}

type instanceXML struct {
	ID        string    `xml:"instanceId"`
	Image     string    `xml:"imageId"`
	State     stateXML  `xml:"instanceState"`
	DNS       string    `xml:"privateDnsName"`
	Why       string    `xml:"reason"`
	Type      string    `xml:"instanceType"`
	Launched  string    `xml:"launchTime"`
	Zone      string    `xml:"placement>availabilityZone"`
	Subnet    string    `xml:"subnetId"`
	IP        string    `xml:"privateIpAddress,omitempty"`
	Reason    *codedXML `xml:"stateReason"`
	Lifecycle string    `xml:"instanceLifecycle,omitempty"`
	Token     string    `xml:"clientToken,omitempty"`
	Cores     int       `xml:"cpuOptions>coreCount"`
	Threads   int       `xml:"cpuOptions>threadsPerCore"`
	Tags      []tagXML  `xml:"tagSet>item"`
}

type reservationXML struct {
	ID        string        `xml:"reservationId"`
	Owner     string        `xml:"ownerId"`
	Instances []instanceXML `xml:"instancesSet>item"`
}

func (c *Cloud) instance(m *Machine) instanceXML {
	name, code := m.state(c.now())
	x := instanceXML{
		ID: m.ID, Image: m.Image, State: stateXML{code, name}, Type: m.Type, Launched: stamp(m.LaunchedAt), Zone: m.Zone, Token: m.Token,
	}
	if m.Market == Spot {
		x.Lifecycle = "spot"
	}
	if t := c.stock.types[m.Type]; t.Cores > 0 {
		x.Cores, x.Threads = t.Cores, t.VCPUs/t.Cores
	}
	for _, k := range sortedKeys(m.Tags) {
		x.Tags = append(x.Tags, tagXML{k, m.Tags[k]})
	}
	if !m.ended(c.now()) { // a machine that ended has no address any more
		x.IP, x.Subnet = m.ip(), m.Subnet
		x.DNS = "ip-" + strings.ReplaceAll(m.ip(), ".", "-") + "." + c.region + ".compute.internal"
		return x
	}
	x.Why = m.Reason
	reason, text, _ := strings.Cut(m.Reason, ": ")
	x.Reason = &codedXML{reason, reason + ": " + text}
	return x
}

func (c *Cloud) reservation(ms []*Machine) reservationXML {
	r := reservationXML{ID: "r-0a1b2c3d", Owner: c.account}
	for _, m := range ms {
		r.Instances = append(r.Instances, c.instance(m))
	}
	return r
}

func (c *Cloud) describeInstances(p params) (any, error) {
	if err := p.only("Filter", "InstanceId", "MaxResults", "NextToken"); err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	ids := p.list("InstanceId")
	if err := c.known(ids); err != nil {
		return nil, err
	}
	filters := p.each("Filter")
	var found []*Machine
	for _, m := range c.machines {
		if !m.seen(c.now()) || len(ids) > 0 && !slices.Contains(ids, m.ID) {
			continue
		}
		ok, err := c.passes(m, filters)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, m)
		}
	}
	return c.page(p, found)
}

// page cuts what was found to what fits on a page; its token is the index of
// the next machine.
func (c *Cloud) page(p params, found []*Machine) (any, error) {
	type out struct {
		Reservations []reservationXML `xml:"reservationSet>item"`
		Next         string           `xml:"nextToken,omitempty"`
	}
	size, err := p.number("MaxResults")
	if err != nil {
		return nil, err
	}
	if size != 0 && (size < 5 || size > 1000) {
		return nil, refuse("InvalidParameterValue", "Value ( %d ) for parameter maxResults is invalid. Expecting a value greater than 5.", size)
	}
	from, err := p.number("NextToken")
	if err != nil || from > len(found) {
		return nil, refuse("InvalidNextToken", "The specified token is invalid.")
	}
	found = found[from:]
	var o out
	if size != 0 && len(found) > size {
		found, o.Next = found[:size], strconv.Itoa(from+size)
	}
	if len(found) > 0 {
		o.Reservations = []reservationXML{c.reservation(found)}
	}
	return o, nil
}

// maxFilterValues is how many values a filter may have.
const maxFilterValues = 200

func (c *Cloud) passes(m *Machine, filters []params) (bool, error) {
	for _, f := range filters {
		values := f.list("Value")
		if len(values) > maxFilterValues {
			return false, refuse("FilterLimitExceeded", "The maximum number of filter values specified on a single call is %d", maxFilterValues)
		}
		var has string
		switch name, tag, _ := strings.Cut(f["Name"], ":"); name {
		case "instance-id":
			has = m.ID
		case "instance-state-name":
			has, _ = m.state(c.now())
		case "client-token":
			has = m.Token
		case "tag":
			has = m.Tags[tag]
		case "tag-key":
			if !slices.ContainsFunc(values, func(v string) bool { _, ok := m.Tags[v]; return ok }) {
				return false, nil
			}
			continue
		default:
			return false, refuse("InvalidParameterValue", "The filter '%s' is invalid", f["Name"])
		}
		if !slices.Contains(values, has) {
			return false, nil
		}
	}
	return true, nil
}

var instanceID = regexp.MustCompile(`^i-[0-9a-f]{8,17}$`)

// known refuses ids that are none, and ids of machines that are not seen: all
// of them, however many others there are.
func (c *Cloud) known(ids []string) error {
	var unknown []string
	for _, id := range ids {
		if !instanceID.MatchString(id) {
			return refuse("InvalidInstanceID.Malformed", "Invalid id: \"%s\"", id)
		}
		if m := c.find(id); m == nil || !m.seen(c.now()) {
			unknown = append(unknown, id)
		}
	}
	switch len(unknown) {
	case 0:
		return nil
	case 1:
		return refuse("InvalidInstanceID.NotFound", "The instance ID '%s' does not exist", unknown[0])
	}
	return refuse("InvalidInstanceID.NotFound", "The instance IDs '%s' do not exist", strings.Join(unknown, ", "))
}

func (c *Cloud) terminateInstances(p params) (any, error) {
	if err := p.only("InstanceId"); err != nil {
		return nil, err
	}
	ids := p.list("InstanceId")
	if len(ids) == 0 || len(ids) > 1000 {
		return nil, refuse("InvalidParameterCombination", "want 1 to 1000 instance ids, got %d", len(ids))
	}
	if err := c.known(ids); err != nil {
		return nil, err
	}
	if err := c.dryRun(p); err != nil {
		return nil, err
	}
	type one struct {
		ID      string   `xml:"instanceId"`
		Current stateXML `xml:"currentState"`
		Before  stateXML `xml:"previousState"`
	}
	type out struct {
		Instances []one `xml:"instancesSet>item"`
	}
	var o out
	for _, id := range ids {
		m := c.find(id)
		was, wasCode := m.state(c.now())
		c.end(m, c.now(), "Client.UserInitiatedShutdown: User initiated shutdown")
		is, isCode := m.state(c.now())
		o.Instances = append(o.Instances, one{id, stateXML{isCode, is}, stateXML{wasCode, was}})
	}
	return o, nil
}
