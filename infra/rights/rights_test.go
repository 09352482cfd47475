package rights

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/iam"
)

// recordFile is what the end-to-end tests write: a line for each thing that a
// function asked for.
const recordFile = "../../build/rights.jsonl"

// record is such a line, see cmd/e2e_rights_test.go.
type record struct {
	Function string   `json:"function"`
	Action   string   `json:"action"`
	On       string   `json:"on"` // table, index/NAME, or a workflow's name
	Keys     []string `json:"keys"`
}

func (r record) String() string { return fmt.Sprintf("%s on %s %q", r.Action, r.On, r.Keys) }

// records are by function.
func records(t *testing.T) map[string][]record {
	t.Helper()
	f, err := os.Open(recordFile)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: make test-dynamodb writes it", err)
		}
		t.Skip("NOT TESTED: the roles of functions against what they asked for, because nothing is recorded; make test-dynamodb records it")
	}
	defer func() { _ = f.Close() }() // read only
	all := map[string][]record{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all[r.Function] = append(all[r.Function], r)
	}
	if len(all) == 0 {
		t.Fatal("nothing is recorded")
	}
	return all
}

// The stage of the template, and where it is put.
const (
	stage = "ohfp-prod"
	place = "eu-west-1:123456789012:"
)

// roles are the policies of the functions' roles, as they are synthesized with
// every kind of provider.
func roles(t *testing.T) map[string][]iam.Policy {
	t.Helper()
	document, err := os.ReadFile("../testdata/full-broker.template.json")
	if err != nil {
		t.Fatal(err)
	}
	known := strings.NewReplacer("${AWS::Partition}", "aws", "${AWS::Region}", "eu-west-1", "${AWS::AccountId}", "123456789012")
	template, err := iam.ReadTemplate([]byte(known.Replace(string(document))), nil)
	if err != nil {
		t.Fatal(err)
	}
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]iam.Policy{}
	for _, f := range folders {
		if _, err := os.Stat("../../functions/" + f.Name() + "/main.go"); err != nil {
			continue
		}
		if all[f.Name()], err = template.Policies(stage + "-" + f.Name() + "-eu-west-1"); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// request is a record as IAM is asked.
func (r record) request() iam.Request {
	at := "arn:aws:dynamodb:" + place + "table/" + stage
	switch {
	case strings.HasPrefix(r.Action, "states:"):
		at = "arn:aws:states:" + place + "stateMachine:" + stage + strings.TrimPrefix(r.On, "ohfp")
	case r.On != "table":
		at += "/" + r.On
	}
	return iam.Request{Action: r.Action, Resource: at, Context: map[string][]string{"dynamodb:LeadingKeys": r.Keys}}
}

func TestFunctionsMayDoWhatTheyDid(t *testing.T) {
	may := roles(t)
	for function, asked := range records(t) {
		if may[function] == nil {
			t.Errorf("%s has no role", function)
		}
		for _, r := range asked {
			d, err := iam.Evaluate(may[function], r.request())
			if err != nil {
				t.Fatal(err)
			}
			if !d.Allowed {
				t.Errorf("%s is denied %s", function, r)
			}
		}
	}
}

// TestFunctionsMayDoNothingThatTheyNeverDid lists what no recorded request
// needed: an action, a resource and a pattern of keys. Each has its excuse.
func TestFunctionsMayDoNothingThatTheyNeverDid(t *testing.T) {
	did, may := records(t), roles(t)
	idle := map[string]bool{}
	for _, e := range excuses {
		idle[e.unused] = true
	}
	for _, function := range slices.Sorted(maps.Keys(may)) {
		for _, g := range unused(t, may[function], did[function]) {
			_, at, _ := strings.Cut(g.Resource, place)
			line := strings.TrimSpace(strings.Join([]string{function, g.Action, at, g.Value}, " "))
			excused := false
			for _, e := range excuses {
				if regexp.MustCompile("^(" + e.unused + ")$").MatchString(line) {
					excused, idle[e.unused] = true, false
				}
			}
			if !excused {
				t.Errorf("nothing needs: %s", line)
			}
		}
	}
	for unused, is := range idle {
		if is { // what is used may differ a little from one run to the next
			t.Logf("nothing is excused by %s", unused)
		}
	}
}

// unused is what of policies none of the requests needs.
func unused(t *testing.T, may []iam.Policy, did []record) []iam.Grant {
	t.Helper()
	var decisions []iam.Decision
	for _, r := range did {
		d, err := iam.Evaluate(may, r.request())
		if err != nil {
			t.Fatal(err)
		}
		decisions = append(decisions, d)
	}
	return iam.Unused(may, decisions)
}

// A role without a partition, or without a workflow, must not pass.
func TestARightThatIsMissingIsFound(t *testing.T) {
	may := roles(t)["execute-provider-operation"]
	create := []record{
		{Action: "dynamodb:PutItem", On: "table", Keys: []string{"OP#1"}},
		{Action: "dynamodb:Query", On: "table", Keys: []string{"REG"}},
		{Action: "states:StartExecution", On: "ohfp-execute"},
	}
	for _, r := range create {
		if d, err := iam.Evaluate(may, r.request()); err != nil || !d.Allowed {
			t.Errorf("%s: %+v, %v", r, d, err)
		}
	}
	for _, r := range []record{
		{Action: "dynamodb:DeleteItem", On: "table", Keys: []string{"OP#1"}},
		{Action: "dynamodb:Scan", On: "table"},
		{Action: "dynamodb:PutItem", On: "table", Keys: []string{"PROV#aws-west"}},
		{Action: "states:StartExecution", On: "ohfp-reconcile"},
		{Action: "dynamodb:Query", On: "index/list", Keys: []string{"L#OP#20260101"}},
	} {
		if d, err := iam.Evaluate(may, r.request()); err != nil || d.Allowed {
			t.Errorf("%s: allowed by %s, %v", r, d.By, err)
		}
	}
}
