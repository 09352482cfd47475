package plan

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Config is what a site decides about a stage: the context of CDK, checked.
type Config struct {
	Stage               string         // in every name; several stages live side by side
	Providers           []string       // kinds of provider that there are functions for
	ProviderAccounts    []string       // whose roles ohfp-provider-* may be assumed; none: the stage's own
	Organization        string         // whose accounts may forward events to the bus; "": the provider accounts
	JWT                 *JWT           // nil: callers sign with IAM
	PrivateVPC          string         // from where alone the API is reached; "": it is public
	Static              *StaticVPC     // where functions of static pools run
	PermissionsBoundary string         // ARN of a policy; "": none
	RolePath            string         // of every role
	AlarmTopic          string         // ARN of an SNS topic; "": alarms tell nobody
	RetentionDays       int            // of logs
	Key                 string         // ARN of a KMS key; "": keys that AWS owns
	Reserved            map[string]int // concurrency kept for the attempts of a kind
	Tracing             bool           // X-Ray
	TableARN            string         // of a table that is there already; "": the stage makes one
	TableStreamARN      string         // of that table's stream
}

// JWT is who vouches for callers.
type JWT struct {
	Issuer   string
	Audience []string
}

// StaticVPC is where functions of static pools run, and where they may dial.
type StaticVPC struct {
	Subnets        []string `json:"subnets" required:"true" minlen:"1"`
	SecurityGroups []string `json:"security_groups" required:"true" minlen:"1"`
	AddressAllow   []string `json:"address_allow,omitempty"`
}

// Kinds are the kinds of provider that there are functions for.
func Kinds() []string { return []string{"aws", "static"} }

// key is one member of the context.
type key struct {
	name, is, otherwise string // otherwise: what it is when it is left out
	set                 func(*Config, value) error
}

// Keys lists the context's members: name, meaning, default.
func Keys() [][3]string {
	var out [][3]string
	for _, k := range keys() {
		out = append(out, [3]string{k.name, k.is, k.otherwise})
	}
	return out
}

func keys() []key {
	return []key{
		{"stage", "name of the stage, in every name: 1 to 12 of a-z, 0-9 and -", "dev", setStage},
		{"enabledProviders", "kinds of provider: aws, static", "aws", setProviders},
		{"providerAccounts", "accounts whose roles ohfp-provider-* may be assumed", "the stage's own", setAccounts},
		{"organization", "organisation whose accounts may forward events to the bus", "providerAccounts may", setOrganization},
		{"auth", "how callers are known: iam or jwt", "iam", setAuth},
		{"jwtIssuer", "who signs tokens, an https URL; for auth jwt", "", setIssuer},
		{"jwtAudience", "whom tokens are for; for auth jwt", "", setAudience},
		{"api", "http: a public HTTP API; private: a REST API inside of a VPC", "http", setAPI},
		{"vpc", "VPC from which a private API is called", "", setVPC},
		{"staticVpc", "where functions of static pools run: {\"subnets\": [], \"security_groups\": [], \"address_allow\": []}", "", setStaticVPC},
		{"permissionsBoundary", "ARN of the policy that bounds every role", "none", setBoundary},
		{"rolePath", "path of every role", "/", setRolePath},
		{"alarmTopic", "ARN of the SNS topic that alarms tell", "nobody is told", setAlarmTopic},
		{"retentionDays", "how long logs are kept", "30", setRetention},
		{"kms", "ARN of the KMS key of table, queues and logs", "keys that AWS owns", setKey},
		{"reservedConcurrency", "concurrency kept for the attempts of a kind: {\"aws\": 20}", "none", setReserved},
		{"tracing", "whether X-Ray traces functions and workflows: true or false", "false", setTracing},
		{"tableArn", "ARN of a table to take instead of making one", "a new table", setTable},
		{"tableStreamArn", "ARN of its stream; needed with tableArn", "", setStream},
	}
}

// defaults are the values of what a context leaves out.
func defaults() Config {
	return Config{Stage: "dev", Providers: []string{"aws"}, RolePath: "/", RetentionDays: 30}
}

// Parse checks a context. Its error has a line for each member that cannot be,
// with its name and what to do. Members of CDK's own, whose names have a ':' or
// an '@', are left alone.
func Parse(context map[string]any) (Config, error) {
	c, errs := defaults(), unknown(context)
	for _, k := range keys() {
		v, given := context[k.name]
		if !given || v == nil || v == "" {
			continue
		}
		if err := k.set(&c, value{v}); err != nil {
			errs = append(errs, fmt.Errorf("context %s: %w", k.name, err))
		}
	}
	if len(errs) == 0 {
		errs = c.conflicts(context)
	}
	return c, errors.Join(errs...)
}

// unknown refuses members that nobody reads: a misspelt one would be ignored.
func unknown(context map[string]any) []error {
	known := make([]string, 0, len(keys()))
	for _, k := range keys() {
		known = append(known, k.name)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(context)) {
		if slices.Contains(known, name) || strings.ContainsAny(name, ":@") {
			continue
		}
		hint := "there are " + strings.Join(known, ", ")
		if near := wire.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		errs = append(errs, fmt.Errorf("context %s: nothing is called so; %s", name, hint))
	}
	return errs
}
