package aws

import (
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// codes are the error codes of EC2 and STS by class. The model of EC2 lists no
// errors, so this table is the only one.
var codes = map[fault.Class][]string{
	fault.Capacity: {
		"InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity", "InsufficientCapacity",
		"UnfulfillableCapacity", "InsufficientFreeAddressesInSubnet", "InsufficientAddressCapacity", "InsufficientVolumeCapacity",
		"SpotMaxPriceTooLow", "ReservationCapacityExceeded", "Unsupported",
	},
	fault.Quota: {
		"VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "MaxFleetCountExceeded", "VolumeLimitExceeded",
		"MaxIOPSLimitExceeded", "PendingVerification",
	},
	fault.Throttle: {
		"RequestLimitExceeded", "Throttling", "ThrottlingException", "EC2ThrottledException", "TooManyRequestsException", "RequestThrottled",
	},
	fault.Auth: {
		"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthFailure", "InvalidClientTokenId", "ExpiredToken", "RequestExpired",
		"SignatureDoesNotMatch", "IncompleteSignature", "MissingAuthenticationToken", "UnrecognizedClientException", "OptInRequired", "Blocked",
		"RegionDisabledException",
	},
	fault.OfferingConfig: {
		"InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound", "InvalidKeyPair.NotFound", "InvalidInstanceType",
		"InvalidPlacementGroup.Unknown",
	},
	fault.Validation: {
		"InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter", "MissingParameter", "UnknownParameter",
		"InvalidUserData.Malformed", "InvalidBlockDeviceMapping",
	},
	fault.Server: {
		"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable",
		"IdempotentParameterMismatch", // something was made for this token, and not from these parameters
	},
}

// families are the beginnings of codes that have one meaning.
var families = map[string]fault.Class{
	"AuthFailure.":          fault.Auth,
	"InvalidAMIID.":         fault.OfferingConfig,
	"InvalidLaunchTemplate": fault.OfferingConfig,
}

// classOf is the class of a code. A code that is not known is SERVER. A value
// that one account or region does not have is reported by EC2 as one that is
// wrong everywhere, so the message decides.
func classOf(code, message string) fault.Class {
	for _, sign := range []string{"for InstanceType", "Invalid IAM Instance Profile", "iamInstanceProfile"} {
		if code == "InvalidParameterValue" && strings.Contains(message, sign) {
			return fault.OfferingConfig
		}
	}
	for class, known := range codes {
		for _, k := range known {
			if k == code {
				return class
			}
		}
	}
	for prefix, class := range families {
		if strings.HasPrefix(code, prefix) {
			return class
		}
	}
	return fault.Server
}

// remedies say what to do, by code or by class; the longest key counts that a
// code begins with.
var remedies = map[string]string{ //nolint:gosec // words about credentials, and none
	"AuthFailure":                       "check the access key and the machine's clock",
	"ExpiredToken":                      "renew the credentials",
	"RequestExpired":                    "renew the credentials and check the machine's clock",
	"SignatureDoesNotMatch":             "check the secret key and the region",
	"OptInRequired":                     "enable the region or subscribe to the image in the account",
	"RegionDisabledException":           "enable the region in the account",
	"UnauthorizedOperation":             "allow the action in the policy of the credentials",
	"AccessDenied":                      "check the role's trust policy and external_id, and the policy of the credentials",
	"InvalidAMIID":                      "images differ by region: correct image in the template for this provider",
	"InvalidSubnetID.NotFound":          "correct subnets in the registration or template",
	"InvalidGroup.NotFound":             "correct security_groups in the registration or template",
	"InvalidKeyPair.NotFound":           "correct key_name in the registration or template",
	"InvalidLaunchTemplate":             "correct launch_template in the template",
	"InvalidInstanceType":               "correct machine_types in the template",
	"InsufficientFreeAddressesInSubnet": "add a subnet to the registration",
	"SpotMaxPriceTooLow":                "raise spot_max_price, or leave it out",
	"Unsupported":                       "name more machine_types, or subnets in other zones",
	"IdempotentParameterMismatch":       "the broker looks up what the token made",

	string(fault.Quota): "ask AWS for a higher quota",
}

func remedy(code string, class fault.Class) string {
	best := remedies[string(class)]
	longest := 0
	for key, text := range remedies {
		if strings.HasPrefix(code, key) && len(key) > longest {
			best, longest = text, len(key)
		}
	}
	return best
}
