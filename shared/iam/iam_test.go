package iam_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/iam"
)

func policy(t testing.TB, statements ...string) []iam.Policy {
	t.Helper()
	p, err := iam.Parse("p", []byte(`{"Version":"2012-10-17","Statement":[`+strings.Join(statements, ",")+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	return []iam.Policy{p}
}

const (
	table = "arn:aws:dynamodb:eu-west-1:123456789012:table/ohfp"
	index = table + "/index/open"
)

// keys are the leading keys of a request.
func keys(values ...string) map[string][]string {
	return map[string][]string{"dynamodb:LeadingKeys": values}
}

func TestAPolicyAllowsWhatItNames(t *testing.T) {
	const some = `{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:Batch*"],"Resource":"` + table + `"}`
	const leading = `{"Effect":"Allow","Action":"dynamodb:Query","Resource":["` + table + `","` + index + `"],
		"Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["OP#*","REG"]}}}`
	const never = `{"Sid":"no","Effect":"Deny","Action":"*","Resource":"` + table + `","Condition":{"ForAnyValue:StringEquals":{"dynamodb:LeadingKeys":"META"}}}`
	for name, c := range map[string]struct {
		statements []string
		request    iam.Request
		want       bool
	}{
		"the action and the resource":           {[]string{some}, iam.Request{Action: "dynamodb:GetItem", Resource: table}, true},
		"an action in other letters":            {[]string{some}, iam.Request{Action: "DynamoDB:getitem", Resource: table}, true},
		"an action by a wildcard":               {[]string{some}, iam.Request{Action: "dynamodb:BatchGetItem", Resource: table}, true},
		"another action":                        {[]string{some}, iam.Request{Action: "dynamodb:PutItem", Resource: table}, false},
		"another service":                       {[]string{some}, iam.Request{Action: "dax:GetItem", Resource: table}, false},
		"another resource":                      {[]string{some}, iam.Request{Action: "dynamodb:GetItem", Resource: index}, false},
		"a resource in other letters":           {[]string{some}, iam.Request{Action: "dynamodb:GetItem", Resource: strings.Replace(table, "ohfp", "OHFP", 1)}, false},
		"nothing at all":                        {nil, iam.Request{Action: "dynamodb:GetItem", Resource: table}, false},
		"one leading key":                       {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table, Context: keys("OP#1")}, true},
		"an index":                              {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: index, Context: keys("REG")}, true},
		"two leading keys":                      {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table, Context: keys("OP#1", "REG")}, true},
		"one leading key too many":              {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table, Context: keys("OP#1", "META")}, false},
		"a leading key that is longer":          {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table, Context: keys("REG2")}, false},
		"no leading key, which AWS lets pass":   {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table}, true},
		"a key in other letters":                {[]string{leading}, iam.Request{Action: "dynamodb:Query", Resource: table, Context: map[string][]string{"DynamoDB:leadingkeys": {"META"}}}, false},
		"a denial that is not about it":         {[]string{some, never}, iam.Request{Action: "dynamodb:GetItem", Resource: table, Context: keys("OP#1")}, true},
		"a denial":                              {[]string{some, never}, iam.Request{Action: "dynamodb:GetItem", Resource: table, Context: keys("OP#1", "META")}, false},
		"a denial before what allows":           {[]string{never, some}, iam.Request{Action: "dynamodb:GetItem", Resource: table, Context: keys("META")}, false},
		"a denial without the key":              {[]string{some, never}, iam.Request{Action: "dynamodb:GetItem", Resource: table}, true},
		"everything on everything":              {[]string{`{"Effect":"Allow","Action":"*","Resource":"*"}`}, iam.Request{Action: "a:B", Resource: "*"}, true},
		"an action without resource, on an ARN": {[]string{`{"Effect":"Allow","Action":"a:B","Resource":"` + table + `"}`}, iam.Request{Action: "a:B", Resource: "*"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var policies []iam.Policy
			if c.statements != nil {
				policies = policy(t, c.statements...)
			}
			got, err := iam.Evaluate(policies, c.request)
			if err != nil || got.Allowed != c.want || got.Allowed != (len(got.Used) > 0) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestConditionsHoldAsAWSDescribesThem(t *testing.T) {
	for condition, want := range map[string]map[string]bool{ // by the values of k, joined by commas; "-" is no k at all
		`{"StringEquals":{"k":"a"}}`:                        {"a": true, "b": false, "A": false, "-": false, "a*": false},
		`{"StringEquals":{"k":["a","b*"]}}`:                 {"a": true, "b*": true, "bc": false},
		`{"StringEquals":{"K":"a"}}`:                        {"a": true},
		`{"StringEqualsIfExists":{"k":"a"}}`:                {"a": true, "b": false, "-": true},
		`{"StringNotEquals":{"k":["a","b"]}}`:               {"a": false, "b": false, "c": true, "-": true},
		`{"StringLike":{"k":["a*","?c"]}}`:                  {"a": true, "ab": true, "bc": true, "c": false, "bbc": false, "-": false},
		`{"StringNotLike":{"k":"a*"}}`:                      {"ab": false, "b": true},
		`{"StringEquals":{"k":"a","j":"1"}}`:                {"a": false},
		`{"StringEquals":{"k":"a"},"StringLike":{"k":"b"}}`: {"a": false},
		`{"ForAllValues:StringEquals":{"k":["a","b"]}}`:     {"a": true, "a,b": true, "a,c": false, "-": true},
		`{"ForAllValues:StringLike":{"k":"a*"}}`:            {"a,ab": true, "a,b": false, "-": true},
		`{"ForAnyValue:StringLike":{"k":"a*"}}`:             {"b,ab": true, "b": false, "-": false},
		`{"ForAnyValue:StringLikeIfExists":{"k":"a*"}}`:     {"b": false, "-": true},
		`{"ArnLike":{"k":"arn:aws:s3:::b/*"}}`:              {"arn:aws:s3:::b/x/y": true, "arn:aws:s3:::c/x": false, "arn:aws:s3:eu-west-1::b/x": false},
		`{"ArnEquals":{"k":"arn:aws:sns:*:1:t"}}`:           {"arn:aws:sns:eu-west-1:1:t": true, "arn:aws:sns:eu-west-1:2:t": false},
		`{"Bool":{"k":"true"}}`:                             {"true": true, "True": true, "false": false, "-": false},
	} {
		for value, holds := range want {
			context := map[string][]string{"k": strings.Split(value, ",")}
			if value == "-" {
				context = nil
			}
			p := policy(t, `{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":`+condition+`}`)
			got, err := iam.Evaluate(p, iam.Request{Action: "a:B", Resource: "*", Context: context})
			if err != nil || got.Allowed != holds {
				t.Errorf("%s with %s: got %v, %v", condition, value, got.Allowed, err)
			}
		}
	}
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	for statement, want := range map[string]string{
		`{"Effect":"allow","Action":"a:B","Resource":"*"}`:                                                         `effect "allow"`,
		`{"Effect":"Allow","NotAction":"a:B","Resource":"*"}`:                                                      `unknown field "NotAction"`,
		`{"Effect":"Allow","Action":"a:B","NotResource":"*"}`:                                                      `unknown field "NotResource"`,
		`{"Effect":"Allow","Action":"a:B","Resource":"*","Principal":"*"}`:                                         `unknown field "Principal"`,
		`{"Effect":"Allow","Resource":"*"}`:                                                                        "reading its actions: there are none",
		`{"Effect":"Allow","Action":[],"Resource":"*"}`:                                                            "reading its actions: there are none",
		`{"Effect":"Allow","Action":"a:B"}`:                                                                        "reading its resources: there are none",
		`{"Effect":"Allow","Action":"B","Resource":"*"}`:                                                           `"B" is no action`,
		`{"Effect":"Allow","Action":"a*:B","Resource":"*"}`:                                                        `"a*:B" is no action`,
		`{"Effect":"Allow","Action":"a:B","Resource":"arn:aws:sqs:x"}`:                                             "is no ARN with all its fields",
		`{"Effect":"Allow","Action":"a:B","Resource":"arn:aws:s3:::b/${aws:username}"}`:                            "has a policy variable",
		`{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"StringLike":{"k":"${aws:username}"}}}`:      "has a policy variable",
		`{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"IpAddress":{"k":"10.0.0.0/8"}}}`:            `operator "IpAddress"`,
		`{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"ForAllValues:StringNotLike":{"k":"a"}}}`:    `operator "ForAllValues:StringNotLike"`,
		`{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"ForAllValues:ForAnyValue:Bool":{"k":"a"}}}`: `operator "ForAllValues:ForAnyValue:Bool"`,
		`{"Effect":"Allow","Action":"a:B","Resource":{"Ref":"Table"}}`:                                             "reading its resources",
		`7`: "cannot unmarshal",
	} {
		_, err := iam.Parse("p", []byte(`{"Version":"2012-10-17","Statement":[`+statement+`]}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %s, got %v", statement, want, err)
		}
	}
	for _, document := range []string{``, `{}`, `{"Version":"2008-10-17","Statement":[]}`, `{"Version":"2012-10-17","Statement":[]}`, `{"Version":"2012-10-17"}`, `[]`} {
		if p, err := iam.Parse("p", []byte(document)); err == nil {
			t.Errorf("%s: got %+v", document, p)
		}
	}
	several := policy(t, `{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"StringLike":{"k":"a"}}}`)
	if d, err := iam.Evaluate(several, iam.Request{Action: "a:B", Resource: "*", Context: map[string][]string{"k": {"a", "b"}}}); err == nil {
		t.Errorf("two values for an operator about one: got %+v", d)
	}
}

func TestWhatNobodyAskedForIsUnused(t *testing.T) {
	p := policy(t, `{"Sid":"T","Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":["`+table+`","`+index+`"],
		"Condition":{"ForAllValues:StringLike":{"dynamodb:LeadingKeys":["OP#*","REG"]}}}`,
		`{"Sid":"N","Effect":"Deny","Action":"x:Y","Resource":"*"}`, `{"Sid":"L","Effect":"Allow","Action":"logs:*","Resource":"*"}`)
	var decisions []iam.Decision
	for _, r := range []iam.Request{
		{Action: "dynamodb:GetItem", Resource: table, Context: keys("OP#1", "REG")},
		{Action: "dynamodb:PutItem", Resource: index, Context: keys("REG")},
		{Action: "dynamodb:PutItem", Resource: table},
		{Action: "dynamodb:PutItem", Resource: table, Context: keys("META")},
	} {
		d, err := iam.Evaluate(p, r)
		if err != nil {
			t.Fatal(err)
		}
		decisions = append(decisions, d)
	}
	want := []iam.Grant{
		{"p", "T", "dynamodb:GetItem", index, "OP#*"},
		{"p", "T", "dynamodb:GetItem", index, "REG"},
		{"p", "T", "dynamodb:PutItem", index, "OP#*"},
		{"p", "L", "logs:*", "*", ""},
	}
	if diff := cmp.Diff(want, iam.Unused(p, decisions)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := want[0].String(); got != "p/T: dynamodb:GetItem on "+index+" OP#*" {
		t.Errorf("it is written %s", got)
	}
}

// allows reports whether one pattern of a leading key fits a text.
func allows(t testing.TB, pattern, text string) bool {
	t.Helper()
	s := iam.Statement{
		Actions: []string{"a:B"}, Resources: []string{"*"}, Tests: []iam.Test{{Operator: "StringLike", Key: "k", Values: []string{pattern}}},
	}
	d, err := iam.Evaluate([]iam.Policy{{Statements: []iam.Statement{s}}}, iam.Request{Action: "a:B", Resource: "*", Context: map[string][]string{"k": {text}}})
	if err != nil {
		t.Fatal(err)
	}
	return d.Allowed
}

// byRegexp is what a wildcard means, said by another engine.
func byRegexp(pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?s)^` + quoted + `$`).MatchString(text)
}

func TestWildcardsFitAsARegularExpressionWould(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?#]{0,8}`).Draw(rt, "pattern")
		text := rapid.StringMatching(`[abä*#]{0,10}`).Draw(rt, "text")
		if got, want := allows(t, pattern, text), byRegexp(pattern, text); got != want {
			rt.Errorf("%q on %q: got %v", pattern, text, got)
		}
	})
}

func FuzzWildcards(f *testing.F) {
	f.Add("OP#*", "OP#1")
	f.Add("*a*b?", "xaxbxb\n")
	f.Add(strings.Repeat("*a", 30), strings.Repeat("a", 300)+"b")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 200 || len(text) > 2000 || strings.ToValidUTF8(pattern+text, "") != pattern+text {
			t.Skip("longer than any key, or no text")
		}
		if got, want := allows(t, pattern, text), byRegexp(pattern, text); got != want {
			t.Errorf("%q on %q: got %v", pattern, text, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Bool":{"k":"true"}}}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		p, err := iam.Parse("p", document)
		if err != nil {
			return
		}
		for _, s := range p.Statements {
			if len(s.Actions) == 0 || len(s.Resources) == 0 {
				t.Fatalf("%q became %+v", document, s)
			}
		}
		if _, err := iam.Evaluate([]iam.Policy{p}, iam.Request{Action: "a:B", Resource: "*"}); err != nil {
			t.Fatal(err)
		}
	})
}

func Example() {
	p, err := iam.Parse("reader", []byte(`{"Version": "2012-10-17", "Statement": [{
		"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/ohfp",
		"Condition": {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["OP#*"]}}}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := iam.Evaluate([]iam.Policy{p}, iam.Request{
		Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:eu-west-1:123456789012:table/ohfp",
		Context: map[string][]string{"dynamodb:LeadingKeys": {"OP#1"}},
	})
	fmt.Println(d.Allowed, err)
	fmt.Println(iam.Unused([]iam.Policy{p}, []iam.Decision{d}))
	// Output:
	// true <nil>
	// [reader/: dynamodb:Query on arn:aws:dynamodb:eu-west-1:123456789012:table/ohfp OP#*]
}
