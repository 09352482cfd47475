package iam_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/iam"
)

const stack = `{"Resources": {
  "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "ohfp-${AWS::Region}"}}},
  "Flow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"StateMachineName": "execute"}},
  "Loose": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
  "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "late"}},
  "Reader": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Fn::Join": ["-", ["reader", {"Ref": "Stage"}]]}, "Policies": [{"PolicyName": "rights", "PolicyDocument": {
    "Version": "2012-10-17", "Statement": [
      {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": [{"Fn::GetAtt": ["Table", "Arn"]}, {"Fn::Join": ["", [{"Fn::GetAtt": ["Table", "Arn"]}, "/index/open"]]}]},
      {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {"Ref": "Flow"}},
      {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::Sub": "${Queue.Arn}"}},
      {"Effect": "Allow", "Action": "x:Y", "Resource": {"Fn::Sub": "arn:${AWS::Partition}:x:::${!literal}-${Queue}"}}
    ]}}]}},
  "More": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "more", "Roles": [{"Ref": "Reader"}], "PolicyDocument": {
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": {"Fn::GetAtt": ["Loose", "Arn"]}}]}}},
  "Other": {"Type": "AWS::IAM::Policy", "Properties": {"PolicyName": "other", "Roles": ["somebody"], "PolicyDocument": {}}},
  "Managed": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "managed", "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}}
}}`

func values() map[string]string {
	return map[string]string{
		"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws", "Stage": "prod",
		"Loose.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/loose",
	}
}

func TestATemplateGivesTheRightsOfARole(t *testing.T) {
	tpl, err := iam.ReadTemplate([]byte(strings.ReplaceAll(stack, "${!literal}-", "")), values())
	if err != nil {
		t.Fatal(err)
	}
	roles, err := tpl.Roles()
	if diff := cmp.Diff([]string{"managed", "reader-prod"}, roles); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	policies, err := tpl.Policies("reader-prod")
	if err != nil {
		t.Fatal(err)
	}
	const at = "eu-west-1:123456789012:"
	var got []string
	for _, p := range policies {
		for _, s := range p.Statements {
			got = append(got, p.Name+" "+s.Actions[0]+" "+strings.Join(s.Resources, " "))
		}
	}
	want := []string{
		"More logs:PutLogEvents arn:aws:dynamodb:" + at + "table/loose",
		"rights dynamodb:Query arn:aws:dynamodb:" + at + "table/ohfp-eu-west-1 arn:aws:dynamodb:" + at + "table/ohfp-eu-west-1/index/open",
		"rights states:StartExecution arn:aws:states:" + at + "stateMachine:execute",
		"rights sqs:SendMessage arn:aws:sqs:" + at + "late",
		"rights x:Y arn:aws:x:::late",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestATemplateThatIsNotUnderstoodIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ from, to, role, want string }{
		"a literal that would be a variable": {"", "", "reader-prod", "has a policy variable"},
		"managed policies":                   {"", "", "managed", "managed policies, whose documents are not here"},
		"no such role":                       {"", "", "writer", `no role "writer"`},
		"a function":                         {`{"Fn::GetAtt": ["Table", "Arn"]}`, `{"Fn::ImportValue": "x"}`, "reader-prod", "the function Fn::ImportValue is not understood"},
		"another attribute":                  {`["Table", "Arn"]`, `["Table", "StreamArn"]`, "reader-prod", "nobody says what Table.StreamArn is"},
		"a resource that is not there":       {`{"Ref": "Flow"}`, `{"Ref": "Flew"}`, "reader-prod", "nobody says what Flew is"},
		"a resource without a name":          {`["Table", "Arn"]`, `["Loose", "Arn2"]`, "reader-prod", "nobody says what Loose.Arn2 is"},
		"a kind of resource":                 {`"AWS::SQS::Queue"`, `"AWS::S3::Bucket"`, "reader-prod", "nobody says what Queue.Arn is"},
		"a join of something else":           {`["-", ["reader", {"Ref": "Stage"}]]`, `"x"`, "reader-prod", "a Fn::Join of x is not understood"},
		"a substitution with values":         {`{"Fn::Sub": "${Queue.Arn}"}`, `{"Fn::Sub": ["x", {}]}`, "reader-prod", "a Fn::Sub with values of its own"},
	} {
		text := stack
		if c.from != "" {
			text = strings.ReplaceAll(strings.ReplaceAll(stack, "${!literal}-", ""), c.from, c.to)
		}
		tpl, err := iam.ReadTemplate([]byte(text), values())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tpl.Policies(c.role); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want %s, got %v, %v", name, c.want, got, err)
		}
	}
	for _, text := range []string{``, `{}`, `{"Resources": []}`} {
		if _, err := iam.ReadTemplate([]byte(text), nil); err == nil {
			t.Errorf("%q is a template", text)
		}
	}
}

func FuzzReadTemplate(f *testing.F) {
	f.Add([]byte(stack))
	f.Fuzz(func(_ *testing.T, text []byte) {
		tpl, err := iam.ReadTemplate(text, values())
		if err != nil {
			return
		}
		roles, err := tpl.Roles()
		if err != nil {
			return
		}
		for _, r := range roles {
			_, _ = tpl.Policies(r) // whatever it says, it says something
		}
	})
}
