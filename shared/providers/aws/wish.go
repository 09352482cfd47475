package aws

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// wish is what one creation asks for: template and registration together.
type wish struct {
	spec     *broker.CreateSpec
	template broker.ResolvedTemplate
	extra    config.AWSTemplate

	subnets []string
	groups  []string
	profile string // name or ARN
	key     string
	onDem   int // of count, machines or units
	spot    int
}

// How machines are paid for, as templates name it.
const (
	payOnDemand = "ondemand"
	paySpot     = "spot"
	payMixed    = "heterogeneous"
)

// Bounds of EC2.
const (
	maxUserData  = 16 << 10 // bytes, before they are encoded
	maxOverrides = 300      // of an instant fleet
	maxMachines  = 1000     // of one call
	maxTags      = 50
)

// invalid is a template that can never work: VALIDATION, not sent.
func invalid(code, format string, args ...any) *fault.ProviderError {
	return &fault.ProviderError{Class: fault.Validation, Code: code, Message: fmt.Sprintf(format, args...)}
}

// wish reads a creation. VALIDATION for one that can never work here.
func (d *Driver) wish(spec *broker.CreateSpec) (*wish, error) {
	w := &wish{spec: spec, template: spec.Template}
	if len(spec.Template.Extra) > 0 {
		if err := json.Unmarshal(spec.Template.Extra, &w.extra); err != nil {
			return nil, invalid("extra", "the template's fields for aws cannot be read")
		}
	}
	if why := config.Complete("aws", spec.Template); why != "" {
		return nil, invalid("incomplete", "%s", why)
	}
	w.place(&d.config)
	if err := w.pay(); err != nil {
		return nil, err
	}
	return w, w.sound()
}

// place takes what the template leaves to the registration. A launch template
// of the account says these things itself.
func (w *wish) place(c *config.AWS) {
	w.subnets = w.extra.Subnets
	if len(w.subnets) == 0 {
		w.subnets = c.Subnets
	}
	w.groups, w.profile, w.key = w.extra.SecurityGroups, w.extra.InstanceProfile, w.extra.KeyName
	if w.extra.LaunchTemplate != nil {
		return
	}
	if len(w.groups) == 0 {
		w.groups = c.SecurityGroups
	}
	w.profile = cmp.Or(w.profile, c.InstanceProfile)
	w.key = cmp.Or(w.key, c.KeyName)
}

// defaultShare is the share on demand of a mixture that does not say it, in
// percent.
const defaultShare = 50

// pay parts the count by the ways to pay.
func (w *wish) pay() error {
	n := w.spec.Count
	switch w.template.PriceType {
	case "", payOnDemand:
		w.onDem = n
	case paySpot:
		w.spot = n
	case payMixed:
		share := defaultShare
		if w.extra.PercentOnDemand != nil {
			share = *w.extra.PercentOnDemand
		}
		w.onDem = (n*share + 99) / 100
		w.spot = n - w.onDem
	default:
		return invalid("price_type", "price_type is %q: want ondemand, spot or heterogeneous", w.template.PriceType)
	}
	return nil
}

func (w *wish) sound() error {
	if n := len(w.template.UserData); n > maxUserData {
		return invalid("user_data", "user_data has %d bytes and EC2 takes %d: store it elsewhere and fetch it at the start", n, maxUserData)
	}
	if n := len(w.overrides()); n > maxOverrides {
		return invalid("overrides", "%d machine types in %d subnets are %d choices and a fleet takes %d: name fewer",
			len(w.template.MachineTypes), len(w.subnets), n, maxOverrides)
	}
	if w.extra.LaunchTemplate != nil && w.fleet() && w.owned() {
		return invalid("launch_template", "a fleet takes user_data, security_groups, instance_profile, key_name and the root volume from its launch template: put them there, or name one machine type and one subnet")
	}
	return w.soundTags()
}

// soundTags refuses a template's tags that EC2 would, and those that are the
// broker's.
func (w *wish) soundTags() error {
	for _, k := range slices.Sorted(maps.Keys(w.template.Tags)) {
		if strings.HasPrefix(k, "aws:") || strings.HasPrefix(k, tagPrefix) {
			return invalid("tags", "the tag %q: names that begin with aws: and %s are taken", k, tagPrefix)
		}
		if v := w.template.Tags[k]; k == "" || len(k) > 128 || len(v) > 256 {
			return invalid("tags", "the tag %q: a name has 1 to 128 characters, a value at most 256", k)
		}
	}
	if n := len(w.tags()); n > maxTags {
		return invalid("tags", "%d tags with the broker's own and EC2 takes %d", n, maxTags)
	}
	return nil
}

// owned reports whether the template says something that a launch template
// would hold.
func (w *wish) owned() bool {
	return w.template.UserData != "" || len(w.groups) > 0 || w.profile != "" || w.key != "" || w.rooted()
}

// counted names what the count counts.
func (w *wish) counted() string {
	if w.spec.InUnits {
		return "units"
	}
	return "machines"
}

// machines is how many machines of one type the count is.
func (w *wish) machines() int {
	if !w.spec.InUnits {
		return w.spec.Count
	}
	each := w.template.UnitsOf(w.overrides()[0].kind)
	return (w.spec.Count + each - 1) / each
}

// rooted reports whether the template says something of the root volume.
func (w *wish) rooted() bool { return w.extra.RootVolumeGiB != 0 || w.extra.RootVolumeType != "" }

// fleet reports whether a fleet is asked for: whether there is something to
// choose.
func (w *wish) fleet() bool {
	return len(w.template.MachineTypes) > 1 || len(w.subnets) > 1 || w.extra.Requirements != nil ||
		w.onDem > 0 && w.spot > 0 || w.extra.AllocationStrategy != ""
}

// choice is one machine type in one subnet; both may be left to EC2.
type choice struct {
	kind   string
	subnet string
	rank   int // in the template's order of types
}

// overrides are all choices, in the order of preference of the types.
func (w *wish) overrides() []choice {
	kinds, subnets := w.template.MachineTypes, w.subnets
	if len(kinds) == 0 || w.extra.Requirements != nil {
		kinds = []string{""}
	}
	if len(subnets) == 0 {
		subnets = []string{""}
	}
	var all []choice
	for rank, k := range kinds {
		for _, s := range subnets {
			all = append(all, choice{k, s, rank})
		}
	}
	return all
}
