package ec2test

import (
	"net/http"
	"regexp"
	"time"
)

// KeyID is the access key that a cloud knows from the start. Signatures are
// not computed again: any secret will do.
const KeyID = "AKIDOFTHEDOUBLE"

// accessKey is one that the cloud knows.
type accessKey struct {
	token string    // that must come with it; "": none
	until time.Time // the zero time: for ever
	role  string    // that it acts in; "": the account's own
}

// action carries out one call; the cloud is locked.
type action func(*Cloud, params) (any, error)

// The calls that are STS's.
const (
	assumeRole     = "AssumeRole"
	callerIdentity = "GetCallerIdentity"
)

func ofSTS(action string) bool { return action == assumeRole || action == callerIdentity }

// actions are the calls that the double knows.
func actions() map[string]action {
	return map[string]action{
		assumeRole:                       (*Cloud).assumeRole,
		callerIdentity:                   (*Cloud).callerIdentity,
		"CreateFleet":                    (*Cloud).createFleet,
		"CreateLaunchTemplate":           (*Cloud).createLaunchTemplate,
		"DescribeAvailabilityZones":      (*Cloud).describeZones,
		"DescribeImages":                 (*Cloud).describeImages,
		"DescribeInstanceTypes":          (*Cloud).describeTypes,
		"DescribeInstanceTypeOfferings":  (*Cloud).describeOfferings,
		"DescribeInstances":              (*Cloud).describeInstances,
		"DescribeKeyPairs":               (*Cloud).describeKeyPairs,
		"DescribeLaunchTemplateVersions": (*Cloud).describeVersions,
		"DescribeSecurityGroups":         (*Cloud).describeGroups,
		"DescribeSpotPriceHistory":       (*Cloud).describeSpotPrices,
		"DescribeSubnets":                (*Cloud).describeSubnets,
		"DescribeSpotInstanceRequests":   (*Cloud).describeSpotRequests,
		"DescribeVpcs":                   (*Cloud).describeVpcs,
		getQuota:                         (*Cloud).getServiceQuota,
		"RunInstances":                   (*Cloud).runInstances,
		"TerminateInstances":             (*Cloud).terminateInstances,
	}
}

var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]+)/[0-9]{8}/([^/]+)/([^/]+)/aws4_request, SignedHeaders=[^ ]+, Signature=[0-9a-f]{64}$`)

// serviceOf is the service that an action is of, as signatures name it.
func serviceOf(action string) string {
	switch action {
	case assumeRole, callerIdentity:
		return "sts"
	case getQuota:
		return "servicequotas"
	}
	return "ec2"
}

// permit finds an action and whether the caller may ask for it.
func (c *Cloud) permit(r *http.Request, p params) (action, error) {
	service := serviceOf(p["Action"])
	m := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		return nil, refuse("MissingAuthenticationToken", "Request is missing Authentication Token").at(http.StatusForbidden)
	}
	if m[2] != c.region || m[3] != service {
		return nil, refuse("SignatureDoesNotMatch", "Credential should be scoped to %s of %s", service, c.region).at(http.StatusForbidden)
	}
	k, ok := c.keys[m[1]]
	if !ok || k.token != r.Header.Get("X-Amz-Security-Token") {
		return nil, refuse("AuthFailure", "AWS was not able to validate the provided access credentials").at(http.StatusUnauthorized)
	}
	if !k.until.IsZero() && !c.now().Before(k.until) {
		return nil, refuse("RequestExpired", "Request has expired.")
	}
	a, ok := actions()[p["Action"]]
	if !ok {
		return nil, refuse("InvalidAction", "The action %s is not valid for this web service.", p["Action"])
	}
	return a, nil
}

// AddRole makes a role that callers who know its external id may act in.
func (c *Cloud) AddRole(arn, externalID string) { c.with(func() { c.roles[arn] = externalID }) }

// assumeRole is STS's: credentials of a role for as long as asked.
func (c *Cloud) assumeRole(p params) (any, error) {
	if err := p.only("RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds"); err != nil {
		return nil, err
	}
	want, known := c.roles[p["RoleArn"]]
	if !known || p["ExternalId"] != want {
		return nil, refuse("AccessDenied", "User is not authorized to perform: sts:AssumeRole on resource: %s", p["RoleArn"]).at(http.StatusForbidden)
	}
	seconds, err := p.number("DurationSeconds")
	if err != nil {
		return nil, err
	}
	if seconds == 0 {
		seconds = 3600
	}
	id := c.id("ASIA")
	until := c.now().Add(time.Duration(seconds) * time.Second)
	c.keys[id] = &accessKey{token: "token-of-" + id, until: until, role: p["RoleArn"]}
	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	type out struct {
		Credentials credentials `xml:"AssumeRoleResult>Credentials"`
		ID          string      `xml:"ResponseMetadata>RequestId"`
	}
	return out{
		Credentials: credentials{AccessKeyID: id, SecretAccessKey: "of-" + id, SessionToken: "token-of-" + id, Expiration: stamp(until)},
		ID:          requestID,
	}, nil
}

// Revoke ends the credentials of a role at once.
func (c *Cloud) Revoke(arn string) {
	c.with(func() {
		for id, k := range c.keys {
			if k.role == arn {
				delete(c.keys, id)
			}
		}
		delete(c.roles, arn)
	})
}

// stamp writes a time as the protocol does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
