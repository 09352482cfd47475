package aws

import (
	"maps"
	"slices"
	"strconv"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// The tags that everything carries.
const (
	tagPrefix    = "ohfp:"
	TagBroker    = tagPrefix + "broker"    // id of the broker: two in one account never touch each other's machines
	TagProvider  = tagPrefix + "provider"  // name of the registration
	TagOperation = tagPrefix + "operation" // that made it
	TagAttempt   = tagPrefix + "attempt"   // number within the operation
	TagTemplate  = tagPrefix + "template"  // id of the template
)

// Tags are the tags of what an attempt makes at a provider.
func Tags(provider string, spec *broker.CreateSpec) map[string]string {
	t := map[string]string{
		TagBroker: spec.BrokerID, TagProvider: provider, TagOperation: spec.OperationID, TagAttempt: strconv.Itoa(spec.Attempt),
	}
	if spec.Template.ID != "" {
		t[TagTemplate] = spec.Template.ID
	}
	return t
}

// tags are those of the template and the request with the broker's own; the
// registration's name is added by the driver.
func (w *wish) tags() map[string]string {
	all := map[string]string{}
	maps.Copy(all, w.template.Tags)
	maps.Copy(all, w.spec.Tags)
	maps.Copy(all, Tags("", w.spec))
	return all
}

// tagged are tags for types of resources, in a fixed order: the parameters of a
// call that is repeated must be the same.
func (d *Driver) tagged(tags map[string]string, resources ...types.ResourceType) []types.TagSpecification {
	tags[TagProvider] = d.name
	var list []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: new(k), Value: new(tags[k])})
	}
	var all []types.TagSpecification
	for _, r := range resources {
		all = append(all, types.TagSpecification{ResourceType: r, Tags: list})
	}
	return all
}

// tagOf returns the value of a tag, "" when there is none.
func tagOf(tags []types.Tag, key string) string {
	for _, t := range tags {
		if awssdk.ToString(t.Key) == key {
			return awssdk.ToString(t.Value)
		}
	}
	return ""
}
