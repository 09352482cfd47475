package awsprov

import (
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
)

// rule says what a field becomes.
type rule struct {
	to string // a path in a template
	// path is to as keys, where one may hold a dot; nil: to is cut at its dots.
	path []string
	as   func(t *translation, n *document.Node) (value *document.Node, reason string, ok bool)
	// same: it is the same field, spelt as we do.
	same bool
}

func (r rule) outcome() Outcome {
	if r.same {
		return Kept
	}
	return Mapped
}

const aws = "overrides.types.aws."

// rules are the fields that have a place.
var rules = map[string]rule{
	"templateId":            {to: "template_id", as: text, same: true},
	"maxNumber":             {to: "max_number", as: maximum, same: true},
	"priceType":             {to: "price_type", as: lower, same: true},
	"userData":              {to: "user_data", as: text, same: true},
	"imageId":               {to: "image", as: text},
	"vmType":                {to: "machine_types", as: words},
	"vmTypes":               {to: "machine_types", as: weighted},
	"instanceTags":          {to: "tags", as: tags},
	"userDataScript":        {to: "user_data", as: script},
	"subnetId":              {to: aws + "subnets", as: words},
	"subnetIds":             {to: aws + "subnets", as: words},
	"securityGroupIds":      {to: aws + "security_groups", as: words},
	"SecurityGroupIds":      {to: aws + "security_groups", as: words},
	"instanceProfile":       {to: aws + "instance_profile", as: text},
	"keyName":               {to: aws + "key_name", as: text},
	"launchTemplateId":      {to: aws + "launch_template.id", as: text},
	"launchTemplateVersion": {to: aws + "launch_template.version", as: version},
	"allocationStrategy":    {to: aws + "allocation_strategy", as: strategy},
	"maxSpotPrice":          {to: aws + "spot_max_price", as: number},
	"spotPrice":             {to: aws + "spot_max_price", as: number},
	"marketSpotPrice":       {to: aws + "spot_max_price", as: number},
	"percentOnDemand":       {to: aws + "percent_on_demand", as: number},
	"rootDeviceVolumeSize":  {to: aws + "root_volume_gib", as: number},
	"volumeType":            {to: aws + "root_volume_type", as: lower},
}

const inLaunchTemplate = "there is no such field yet: put it into a launch template, and name that in launchTemplateId"

// unsupported are the fields of the family that have no place, with the reason.
var unsupported = map[string]string{
	"fleetRole":                    "no Spot Fleet is requested, so that there is no role for one",
	"spotFleetRequestExpiry":       "no Spot Fleet is requested: what is not there in time is asked for elsewhere",
	"poolsCount":                   "no Spot Fleet is requested: machine_types and subnets are the pools",
	"fleetType":                    "no Spot Fleet is requested",
	"allocationStrategyOnDemand":   "there is one strategy, allocation_strategy, for both",
	"vmTypesOnDemand":              "one list, machine_types, serves both; register a template for each way to pay",
	"onDemandCapacity":             "a template is paid in one way; register a template for each",
	"onDemandTargetCapacityRatio":  "a template is paid in one way; register a template for each",
	"onDemandCapacityDistribution": "a template is paid in one way; register a template for each",
	"ec2FleetConfig":               "a file for an API of AWS is not read; name a launch template instead",
	"providerApi":                  "the driver chooses how to ask AWS",
	"abisInstanceRequirements":     "what a machine type must have is said in instance_requirements, with fields of its own",
	"iops":                         inLaunchTemplate,
	"ebsOptimized":                 inLaunchTemplate,
	"tenancy":                      inLaunchTemplate,
	"interfaceType":                inLaunchTemplate,
	"efaCount":                     inLaunchTemplate,
	"pgrpName":                     inLaunchTemplate,
	"pGrpName":                     inLaunchTemplate,
	"placementGroupName":           inLaunchTemplate,
	"computeUnit":                  "a machine counts as one",
	"gpuextend":                    "attributes say what a machine has",
	"priority":                     "who asks names the template; priority belongs to a provider",
	"ttl":                          "machines have no lifetime limit yet",
	"vmNumber":                     "a request says how many",
	"userDataObj":                  "user data is text: user_data",
	"name":                         "templateId names a template",
}

// Kind returns the kind of provider whose template this looks like, by a field
// that only its family has, and the field; "" when it is of this family, as
// far as one can see.
func Kind(n *document.Node) (kind, field string) {
	for _, k := range n.Keys {
		if kind := foreign[k.Name]; kind != "" {
			return kind, k.Name
		}
	}
	return "", ""
}

// foreign are fields of the families for other clouds.
var foreign = map[string]string{
	"resourceGroup": "azure", "virtualNetwork": "azure", "storageAccountType": "azure", "sshPubKeyFile": "azure",
	"vpc": "gcp", "instanceTemplate": "gcp", "hostProject": "gcp", "serviceAccount": "gcp",
	"podSpec": "kubernetes", "podNamePrefix": "kubernetes",
}
