package aws_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/aws/ec2test"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// table is how EC2's codes are to be treated, as AWS documents them, with the
// status that they come with.
var table = []struct {
	class  fault.Class
	status int
	codes  string
}{
	{fault.Capacity, 500, "InsufficientInstanceCapacity InsufficientHostCapacity InsufficientReservedInstanceCapacity InsufficientCapacity"},
	{fault.Capacity, 400, "UnfulfillableCapacity InsufficientFreeAddressesInSubnet InsufficientAddressCapacity InsufficientVolumeCapacity SpotMaxPriceTooLow ReservationCapacityExceeded Unsupported"},
	{fault.Quota, 400, "VcpuLimitExceeded InstanceLimitExceeded MaxSpotInstanceCountExceeded MaxFleetCountExceeded VolumeLimitExceeded MaxIOPSLimitExceeded PendingVerification"},
	{fault.Throttle, 503, "RequestLimitExceeded Throttling ThrottlingException EC2ThrottledException TooManyRequestsException RequestThrottled"},
	{fault.Auth, 403, "UnauthorizedOperation AccessDenied AccessDeniedException InvalidClientTokenId ExpiredToken RequestExpired SignatureDoesNotMatch OptInRequired Blocked IncompleteSignature MissingAuthenticationToken UnrecognizedClientException RegionDisabledException"},
	{fault.Auth, 401, "AuthFailure AuthFailure.ServiceLinkedRoleCreationNotPermitted"},
	{fault.OfferingConfig, 400, "InvalidAMIID.NotFound InvalidAMIID.Malformed InvalidAMIID.Unavailable InvalidSubnetID.NotFound InvalidGroup.NotFound InvalidSecurityGroupID.NotFound InvalidKeyPair.NotFound InvalidLaunchTemplateId.NotFound InvalidLaunchTemplateName.NotFoundException InvalidLaunchTemplateId.VersionNotFound InvalidInstanceType InvalidPlacementGroup.Unknown"},
	{fault.Validation, 400, "InvalidParameterValue InvalidParameterCombination InvalidParameter MissingParameter UnknownParameter InvalidUserData.Malformed InvalidBlockDeviceMapping"},
	{fault.Server, 500, "InternalError InternalFailure"},
	{fault.Server, 503, "ServiceUnavailable Unavailable"},
	{fault.Server, 400, "IdempotentParameterMismatch SomethingThatNobodyHasEverSeen"},
	{fault.Server, 502, "UnknownError"},
}

func TestEveryCodeHasItsClass(t *testing.T) {
	s := newSite(t)
	for _, row := range table {
		for code := range strings.FieldsSeq(row.codes) {
			s.Calm()
			s.Trouble(ec2test.Trouble{Action: "RunInstances", Refuse: &ec2test.Error{Code: code, Message: "as EC2 says it", Status: row.status}})
			_, err := s.driver.Create(t.Context(), order(code, 1, template()))
			p, ok := errors.AsType[*fault.ProviderError](err)
			if !ok {
				t.Fatalf("%s: got %v", code, err)
			}
			if p.Class != row.class || p.Code != code || !p.Sent || !strings.Contains(p.Message, "as EC2 says it") {
				t.Errorf("%s: got %s %s, sent %v, %q; want %s", code, p.Class, p.Code, p.Sent, p.Message, row.class)
			}
			if hinted := p.RetryAfter > 0; hinted != (row.class == fault.Throttle) {
				t.Errorf("%s: the hint is %v", code, p.RetryAfter)
			}
		}
	}
}

// A fleet reports the same codes beside machines; what it answered is certain.
func TestEveryCodeHasItsClassInAFleet(t *testing.T) {
	s := newSite(t)
	for _, row := range table {
		for code := range strings.FieldsSeq(row.codes) {
			if strings.HasPrefix(code, "InvalidLaunchTemplate") || code == "IdempotentParameterMismatch" {
				continue // the call's, not a choice's
			}
			s.Calm()
			s.FailChoices(&ec2test.Error{Code: code, Message: "as EC2 says it."})
			_, err := s.driver.Create(t.Context(), order(code, 1, template(types(ec2test.TypeLarge, ec2test.TypeXLarge))))
			p, ok := errors.AsType[*fault.ProviderError](err)
			if !ok {
				t.Fatalf("%s: got %v", code, err)
			}
			if p.Class != row.class || p.Code != code || p.Ambiguous() {
				t.Errorf("%s: got %s %s, open %v; want %s for certain", code, p.Class, p.Code, p.Ambiguous(), row.class)
			}
			if want := "on-demand m7i.large in subnet-0000000a, on-demand m7i.xlarge in subnet-0000000a"; !strings.Contains(p.Message, want) {
				t.Errorf("%s: %q does not say %q", code, p.Message, want)
			}
		}
	}
}

// EC2 says of what one account or region lacks that the value is wrong; other
// providers may have it.
func TestAMachineTypeOrProfileThatIsMissingHereMayBeElsewhere(t *testing.T) {
	s := newSite(t)
	_, err := s.driver.Create(t.Context(), order("a", 1, template(types("m99.large"))))
	if p := fault.AsProvider(err); p == nil || p.Class != fault.OfferingConfig {
		t.Errorf("a type that is missing: %v", err)
	}
	s.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: "InvalidParameterValue", Message: "Value (workers) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"}})
	_, err = s.driver.Create(t.Context(), order("b", 1, template()))
	if p := fault.AsProvider(err); p == nil || p.Class != fault.OfferingConfig {
		t.Errorf("a profile that is missing: %v", err)
	}
}

func TestALackOfCapacityCostsOneCall(t *testing.T) {
	for _, kinds := range [][]string{{ec2test.TypeLarge}, {ec2test.TypeLarge, ec2test.TypeXLarge}} {
		s := newSite(t)
		s.Free(0)
		_, err := s.driver.Create(t.Context(), order("a", 3, template(types(kinds...))))
		if p := fault.AsProvider(err); p == nil || p.Class != fault.Capacity {
			t.Fatalf("got %v", err)
		}
		if n := len(s.Calls("RunInstances")) + len(s.Calls("CreateFleet")); n != 1 {
			t.Errorf("%v: EC2 was asked %d times", kinds, n)
		}
	}
}

func TestNothingIsRetriedBelowTheBroker(t *testing.T) {
	for _, code := range []string{"RequestLimitExceeded", "InternalError", "Unavailable"} {
		s := newSite(t)
		s.Trouble(ec2test.Trouble{Action: "RunInstances", Refuse: &ec2test.Error{Code: code, Message: "no", Status: 503}, Times: 1})
		if _, err := s.driver.Create(t.Context(), order("a", 1, template())); err == nil {
			t.Errorf("%s was retried", code)
		}
		if n := len(s.Calls("RunInstances")); n != 1 {
			t.Errorf("%s: EC2 was asked %d times", code, n)
		}
	}
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	cases := map[string]struct {
		template broker.ResolvedTemplate
		prepare  func(*site)
		want     string
	}{
		"an image that is missing":  {template(missingImage), nil, "correct image in the template for this provider"},
		"a subnet that is missing":  {template(extra(t, config.AWSTemplate{Subnets: []string{"subnet-9"}})), nil, "correct subnets"},
		"a key that is missing":     {template(extra(t, config.AWSTemplate{KeyName: "none"})), nil, "correct key_name"},
		"a group that is missing":   {template(extra(t, config.AWSTemplate{SecurityGroups: []string{"sg-9"}})), nil, "correct security_groups"},
		"a region that is disabled": {template(), refusing("OptInRequired"), "enable the region"},
		"a token that has expired":  {template(), refusing("RequestExpired"), "renew the credentials"},
		"an action that is denied":  {template(), refusing("UnauthorizedOperation"), "allow the action in the policy"},
		"a quota that is used up":   {template(), func(s *site) { s.Quota(ec2test.OnDemand, 0) }, "ask AWS for a higher quota"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if c.prepare != nil {
				c.prepare(s)
			}
			_, err := s.driver.Create(t.Context(), order("a", 1, c.template))
			if p := fault.AsProvider(err); p == nil || !strings.Contains(p.Message, c.want) {
				t.Errorf("got %v; want %q", err, c.want)
			}
			if n := s.Made(); n != 0 {
				t.Errorf("%d machines were made", n)
			}
		})
	}
}

func refusing(code string) func(*site) {
	return func(s *site) {
		s.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: code, Message: "no", Status: 403}})
	}
}

func TestTheVendorsTextIsCut(t *testing.T) {
	s := newSite(t)
	long := "You are not authorized to perform this operation. Encoded authorization failure message: " + strings.Repeat("x", 2000)
	s.Trouble(ec2test.Trouble{Refuse: &ec2test.Error{Code: "UnauthorizedOperation", Message: long, Status: 403}})
	_, err := s.driver.Create(t.Context(), order("a", 1, template()))
	want := "EC2 refuses: You are not authorized to perform this operation (UnauthorizedOperation); allow the action in the policy of the credentials"
	if p := fault.AsProvider(err); p == nil || p.Message != want {
		t.Errorf("got %q, want %q", p.Message, want)
	}
}
