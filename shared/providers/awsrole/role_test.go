package awsrole_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/providers/awsrole"
)

func options() awsrole.Options {
	return awsrole.Options{
		BrokerAccount: "999988887777", ExternalID: "9f86d081-site", Broker: "7f1e2d3c-0000-4000-8000-000000000001", RoleName: "ohfp-provider-prod",
		BusARN: "arn:aws:events:eu-west-1:999988887777:event-bus/ohfp-prod", InstanceRoles: []string{"workers", "batch/render"},
	}
}

func bare() awsrole.Options {
	o := options()
	o.BusARN, o.InstanceRoles = "", nil
	return o
}

func write(t testing.TB, o awsrole.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := awsrole.Write(&out, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTheTemplateIsTheOneReviewed(t *testing.T) {
	for file, o := range map[string]awsrole.Options{"testdata/whole.yaml": options(), "testdata/bare.yaml": bare()} {
		got := write(t, o)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(file, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("review the change, then run with UPDATE_GOLDEN=1:\n%s", diff)
		}
	}
}

// members are what CloudFormation takes of each type that is used here, and
// which of them it wants.
//
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
var members = map[string]struct{ required, optional []string }{
	"AWS::IAM::Role": {
		[]string{"AssumeRolePolicyDocument"},
		[]string{"Description", "ManagedPolicyArns", "MaxSessionDuration", "Path", "PermissionsBoundary", "Policies", "RoleName", "Tags"},
	},
	"AWS::Events::Rule": {
		[]string{"EventPattern", "Targets"},
		[]string{"Description", "EventBusName", "Name", "RoleArn", "ScheduleExpression", "State", "Tags"},
	},
}

func TestCfnLintTakesTheTemplate(t *testing.T) {
	lint, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("NOT TESTED: the template against cfn-lint, because it is not installed (pip install cfn-lint)")
	}
	run := func(o awsrole.Options, change func([]byte) []byte) (string, error) {
		file := filepath.Join(t.TempDir(), "role.yaml")
		if err := os.WriteFile(file, change(write(t, o)), 0o600); err != nil {
			t.Fatal(err)
		}
		said, err := exec.CommandContext(t.Context(), lint, "--non-zero-exit-code", "informational", file).CombinedOutput()
		return string(said), err
	}
	same := func(text []byte) []byte { return text }
	for name, o := range map[string]awsrole.Options{"whole": options(), "bare": bare()} {
		if said, err := run(o, same); err != nil {
			t.Errorf("%s: %v\n%s", name, err, said)
		}
	}
	wrong := func(text []byte) []byte { return bytes.Replace(text, []byte("PolicyName"), []byte("PolicyNam"), 1) }
	if said, err := run(bare(), wrong); err == nil {
		t.Errorf("it takes everything: %s", said)
	}
}

// TestTheTemplateIsOneOfCloudFormation looks at what a linter would, where there
// is none: sections, types, members, references, conditions and limits.
func TestTheTemplateIsOneOfCloudFormation(t *testing.T) {
	for name, o := range map[string]awsrole.Options{"whole": options(), "bare": bare()} {
		t.Run(name, func(t *testing.T) {
			text := write(t, o)
			for _, tok := range lexer.Tokenize(string(text)) {
				if slices.Contains([]token.Type{token.AnchorType, token.AliasType, token.MergeKeyType}, tok.Type) {
					t.Errorf("line %d: CloudFormation takes no aliases", tok.Position.Line)
				}
			}
			if len(text) > 51200 {
				t.Errorf("%d bytes: a template is passed as text up to 51,200", len(text))
			}
			var d struct {
				AWSTemplateFormatVersion, Description string
				Parameters                            map[string]map[string]any
				Conditions                            map[string]any
				Resources                             map[string]struct {
					Type, Condition string
					Properties      map[string]any
				}
				Outputs map[string]map[string]any
			}
			document, err := yaml.YAMLToJSON(text)
			if err != nil {
				t.Fatal(err)
			}
			decoder := json.NewDecoder(bytes.NewReader(document))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&d); err != nil {
				t.Fatal(err)
			}
			if d.AWSTemplateFormatVersion != "2010-09-09" || len(d.Description) > 1024 {
				t.Errorf("version %q, description %q", d.AWSTemplateFormatVersion, d.Description)
			}
			known := []string{"AWS::AccountId", "AWS::Partition", "AWS::Region"}
			known = slices.Concat(known, slices.Collect(maps.Keys(d.Parameters)), slices.Collect(maps.Keys(d.Resources)))
			for id, r := range d.Resources {
				is, ok := members[r.Type]
				if !ok {
					t.Errorf("%s: what of %s is right is not known here", id, r.Type)
				}
				for _, want := range is.required {
					if r.Properties[want] == nil {
						t.Errorf("%s has no %s", id, want)
					}
				}
				for has := range r.Properties {
					if !slices.Contains(is.required, has) && !slices.Contains(is.optional, has) {
						t.Errorf("%s has no member %s", r.Type, has)
					}
				}
				if r.Condition != "" && d.Conditions[r.Condition] == nil {
					t.Errorf("%s: there is no condition %s", id, r.Condition)
				}
				referred(t, id, r.Properties, known)
			}
			for id, o := range d.Outputs {
				referred(t, id, o["Value"], known)
				if c, ok := o["Condition"].(string); ok && d.Conditions[c] == nil {
					t.Errorf("%s: there is no condition %s", id, c)
				}
			}
		})
	}
}

var within = regexp.MustCompile(`\$\{([^.}]+)[^}]*\}`)

// referred looks for references to what is not there.
func referred(t *testing.T, at string, value any, known []string) {
	t.Helper()
	check := func(id string) {
		if !slices.Contains(known, id) {
			t.Errorf("%s refers to %s, which is not there", at, id)
		}
	}
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			referred(t, at, e, known)
		}
	case map[string]any:
		for key, e := range v {
			text, _ := e.(string)
			list, _ := e.([]any)
			switch {
			case key == "Ref":
				check(text)
			case key == "Fn::Sub":
				for _, m := range within.FindAllStringSubmatch(text, -1) {
					check(m[1])
				}
			case key == "Fn::GetAtt" && len(list) == 2:
				check(fmt.Sprint(list[0]))
			case strings.HasPrefix(key, "Fn::"):
				t.Errorf("%s: %s is not expected here", at, key)
			default:
				referred(t, at, e, known)
			}
		}
	}
}

func TestOptionsThatCannotBeAreRefused(t *testing.T) {
	for want, change := range map[string]func(*awsrole.Options){
		`--broker-account: want the 12 digits of an account, got "12345"`:                         func(o *awsrole.Options) { o.BrokerAccount = "12345" },
		`--external-id: want 2 to 1,000 letters, digits and _+=,.@:/-, got ""`:                    func(o *awsrole.Options) { o.ExternalID = "" },
		`--external-id: want 2 to 1,000 letters, digits and _+=,.@:/-, got "a\"\nb"`:              func(o *awsrole.Options) { o.ExternalID = "a\"\nb" },
		`--broker: want the broker's id, a UUID, got "prod"`:                                      func(o *awsrole.Options) { o.Broker = "prod" },
		`--role-name: want ohfp-provider- and up to 30 letters, digits and _.-, got "mine"`:       func(o *awsrole.Options) { o.RoleName = "mine" },
		`--bus-arn: want arn:aws:events:REGION:ACCOUNT:event-bus/NAME, got "ohfp-prod"`:           func(o *awsrole.Options) { o.BusARN = "ohfp-prod" },
		`--instance-role: want the name of a role, with its path and without a wildcard, got "*"`: func(o *awsrole.Options) { o.InstanceRoles = []string{"*"} },
	} {
		o := options()
		change(&o)
		var out bytes.Buffer
		if err := awsrole.Write(&out, o); err == nil || err.Error() != want || out.Len() > 0 {
			t.Errorf("want %s\n got %v, %d bytes", want, err, out.Len())
		}
	}
	long := options()
	long.RoleName = awsrole.Prefix + strings.Repeat("x", 30)
	if text := write(t, long); !bytes.Contains(text, []byte(long.RoleName+"-tell-${AWS::Region}")) || len(long.RoleName+"-tell-ap-southeast-7") > 64 {
		t.Error("the longest name leaves no room for the other role's")
	}
}

func Example() {
	err := awsrole.Write(os.Stdout, awsrole.Options{BrokerAccount: "999988887777", ExternalID: "ours", Broker: "prod", RoleName: "ohfp-provider-prod"})
	fmt.Println(err)
	// Output: --broker: want the broker's id, a UUID, got "prod"
}
