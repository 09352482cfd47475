package plan

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

func here() Place { return Place{Partition: "aws", Region: "eu-north-1", Account: "111122223333"} }

// planned is the plan of a context, put somewhere.
func planned(t *testing.T, context map[string]any) Plan {
	t.Helper()
	c, err := Parse(context)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(c, here())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// both has every kind of provider.
func both() map[string]any {
	return map[string]any{
		"stage": "prod", "enabledProviders": "aws,static",
		"staticVpc": `{"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"], "address_allow": ["10.0.0.0/8"]}`,
	}
}

// describe writes down what functions may do, so that a change is a line in a
// review.
func describe(p Plan) string {
	var b strings.Builder
	for _, f := range p.Functions {
		fmt.Fprintf(&b, "%s %s %v %d MB\n", f.Folder, f.Cone, f.Timeout, f.MemoryMB)
		for _, r := range f.Routes {
			fmt.Fprintf(&b, "  %s %s\n", r.Method, r.Path)
		}
		writeRole(&b, f.Role)
	}
	for _, m := range p.Machines {
		fmt.Fprintf(&b, "workflow %s %s %v of %q\n", m.Part, m.Type, m.Timeout, m.Source)
		writeRole(&b, m.Role)
	}
	b.WriteString("schedule\n")
	writeRole(&b, p.Ticker)
	b.WriteString("outbox, and its stream\n")
	writeRole(&b, p.Outbox.Role)
	return b.String()
}

func writeRole(b *strings.Builder, r Role) {
	short := strings.NewReplacer("arn:aws:", "", "eu-north-1:111122223333:", "", ":111122223333:", ":")
	for _, s := range r.Statements {
		fmt.Fprintf(b, "    %s", strings.Join(s.Actions, " "))
		for _, res := range s.Resources {
			fmt.Fprintf(b, " on %s", short.Replace(res))
		}
		for _, conditions := range s.Condition {
			for _, values := range conditions {
				fmt.Fprintf(b, " if %s", strings.Join(values, " "))
			}
		}
		b.WriteString("\n")
	}
}

func TestWhatFunctionsMayDoIsAsReviewed(t *testing.T) {
	const file = "testdata/rights.golden"
	got := describe(planned(t, both()))
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("rights (-reviewed +now; UPDATE_GOLDEN=1 writes them):\n%s", diff)
	}
}

// deadlines are those of a complete stage, by function, in seconds, where they
// are not ten.
func deadlines() map[string]int {
	return map[string]int{
		"attempt-aws": 65, "attempt-static": 65, "probe-aws": 65, "probe-static": 65, "sweep-aws": 65, "sweep-static": 65,
		"execute-provider-operation": 28, "get-provider-metrics": 25, "reconcile": 60, "register-provider-strategy": 15,
	}
}

func TestEveryFolderOfFunctionsIsAFunctionWithItsTimeOut(t *testing.T) {
	entries, err := fs.ReadDir(os.DirFS("../../functions"), ".")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, e := range entries {
		if e.IsDir() && e.Name() != "internal" {
			want[e.Name()] = 10
		}
	}
	maps.Copy(want, deadlines())
	got := map[string]int{}
	for _, f := range planned(t, both()).Functions {
		got[f.Folder] = int(f.Timeout.Seconds())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("functions and time-outs (-folders +plan):\n%s", diff)
	}
}

func TestKindsAreThoseThatThereAreFunctionsFor(t *testing.T) {
	entries, err := fs.Glob(os.DirFS("../../functions/internal/clouds"), "*/serve.go")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, e := range entries {
		want = append(want, filepath.Dir(e))
	}
	if diff := cmp.Diff(want, Kinds()); diff != "" {
		t.Errorf("kinds (-folders +plan):\n%s", diff)
	}
}

// TestEachLayerGivesUpAfterTheOneWithin holds the figures of the page on
// architecture: a driver has 5 s within a task of 7 s; three tasks fit in what
// the caller waits for.
func TestEachLayerGivesUpAfterTheOneWithin(t *testing.T) {
	const task, client = 7 * time.Second, 35 * time.Second
	p := planned(t, nil)
	execute := p.Functions[slices.IndexFunc(p.Functions, func(f Function) bool { return f.Folder == "execute-provider-operation" })].Timeout
	order := []time.Duration{3 * task, 27 * time.Second, execute, PrivateTimeout, APITimeout, client}
	if !slices.IsSorted(order) || order[1] != p.machine(t, "execute-express").Timeout {
		t.Errorf("the layers end after %v", order)
	}
	for _, f := range p.Functions {
		if len(f.Routes) > 0 && f.Timeout >= PrivateTimeout {
			t.Errorf("%s may take %v, and the API gives up after %v", f.Folder, f.Timeout, PrivateTimeout)
		}
	}
}

func (p Plan) machine(t *testing.T, part string) Machine {
	t.Helper()
	for _, m := range p.Machines {
		if m.Part == part {
			return m
		}
	}
	t.Fatalf("there is no workflow %s", part)
	return Machine{}
}

func TestDefinitionsAreTheFilesButForTheTimeOut(t *testing.T) {
	p := planned(t, nil)
	for part, want := range map[string]struct {
		file, kind string
		seconds    int
	}{
		"execute":         {"execute_with_failover.asl.json", "STANDARD", 3900},
		"execute-express": {"execute_with_failover.asl.json", "EXPRESS", 27},
		"health-check":    {"health_check.asl.json", "EXPRESS", 300},
		"reconcile":       {"reconcile.asl.json", "EXPRESS", 300},
	} {
		m := p.machine(t, part)
		added := fmt.Sprintf("\n  \"TimeoutSeconds\": %d,", want.seconds)
		if strings.Count(m.Definition, added) != 1 || m.Type != want.kind {
			t.Errorf("%s is %s, and does not end after %d s:\n%.200s", part, m.Type, want.seconds, m.Definition)
			continue
		}
		file, err := os.ReadFile(filepath.Join("../../statemachines", want.file))
		if err != nil {
			t.Fatal(err)
		}
		without := strings.Replace(m.Definition, added, "", 1)
		if diff := cmp.Diff(string(file), without); diff != "" {
			t.Errorf("%s (-file +deployed):\n%s", part, diff)
		}
		if _, err := walk.Load(part, []byte(without)); err != nil {
			t.Errorf("%s: %v", part, err)
		}
		var read struct{ TimeoutSeconds int }
		if err := json.Unmarshal([]byte(m.Definition), &read); err != nil || read.TimeoutSeconds != want.seconds {
			t.Errorf("%s ends after %d s, %v", part, read.TimeoutSeconds, err)
		}
	}
	if names := statemachines.Names(); len(names) != 3 {
		t.Errorf("there are workflows that are not deployed: %v", names)
	}
}

func TestAWorkflowCallsItsOwnStepsAndNothingElse(t *testing.T) {
	p := planned(t, both())
	steps := map[string][]string{
		"execute":         {"attempt-aws", "attempt-static", "settle"},
		"execute-express": {"attempt-aws", "attempt-static", "settle"},
		"health-check":    {"due", "probe-aws", "probe-static", "sweep-aws", "sweep-static"},
		"reconcile":       {"reconcile"},
		"tell":            nil,
	}
	for part, want := range steps {
		var got []string
		for _, s := range p.machine(t, part).Role.Statements {
			if slices.Contains(s.Actions, "lambda:InvokeFunction") {
				for _, r := range s.Resources {
					got = append(got, strings.TrimPrefix(r, "arn:aws:lambda:eu-north-1:111122223333:function:ohfp-prod-"))
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s calls (-want +got):\n%s", part, diff)
		}
	}
}

// TestWhatStartsAWorkflowIsNoStepOfIt: a function in both places would be a
// circle that no deployment can begin.
func TestWhatStartsAWorkflowIsNoStepOfIt(t *testing.T) {
	for _, part := range []string{executeStandard, executeExpress, healthCheck} {
		for _, step := range calls(part, Kinds()) {
			for _, f := range planned(t, both()).Functions {
				if f.Folder == step && slices.ContainsFunc(verbsOf(f), ofWorkflows) {
					t.Errorf("%s is a step of %s and starts workflows", step, part)
				}
			}
		}
	}
}

// stars are the resources with a part that nobody can know before, by the
// service of their actions.
func stars() map[string]string {
	return map[string]string{
		"logs:CreateLogStream":       `arn:aws:logs:eu-north-1:111122223333:log-group:/aws/lambda/ohfp-prod-[a-z-]+:log-stream:\*`,
		"logs:CreateLogDelivery":     `\*`,
		"xray:PutTelemetryRecords":   `\*`,
		"ec2:CreateNetworkInterface": `\*`,
		"sts:AssumeRole":             `arn:aws:iam::444455556666:role/ohfp-provider-\*`,
	}
}

func known(actions []string, resource string) bool {
	form, ok := stars()[actions[0]]
	return ok && regexp.MustCompile("^"+form+"$").MatchString(resource)
}

func TestNoRoleHasAStarThatIsNotExplained(t *testing.T) {
	full := both()
	full["tracing"], full["kms"] = "true", "arn:aws:kms:eu-north-1:111122223333:key/0a1b"
	full["providerAccounts"] = "444455556666"
	p := planned(t, full)
	roles := []Role{p.Ticker, p.Outbox.Role}
	for _, f := range p.Functions {
		roles = append(roles, f.Role)
	}
	for _, m := range p.Machines {
		roles = append(roles, m.Role)
	}
	for _, r := range roles {
		for _, s := range r.Statements {
			for _, a := range s.Actions {
				if strings.Contains(a, "*") {
					t.Errorf("%s may %s", r.Name, a)
				}
			}
			for _, res := range s.Resources {
				star := strings.Contains(res, "*")
				if star && (s.Star == "" || !known(s.Actions, res)) {
					t.Errorf("%s may %v on %s: %s", r.Name, s.Actions, res, s.Star)
				}
			}
		}
	}
}

// TestRolesFitIntoTheirLimits holds IAM's quotas: 64 characters of a role's
// name, 10,240 of the policies in it, white space apart; 6,144 of a policy that
// is attached.
func TestRolesFitIntoTheirLimits(t *testing.T) {
	context := both()
	context["stage"] = "abcdefghijkl"
	c, err := Parse(context)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(c, Place{"aws-us-gov", "ap-southeast-2", "111122223333"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Functions {
		size, err := json.Marshal(f.Role.Statements)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Role.Name) > 64 || len(f.Name) > 64 || len(size) > 9_000 {
			t.Errorf("%s: %d characters of a name, %d of rights", f.Role.Name, len(f.Role.Name), len(size))
		}
	}
	for _, c := range p.Callers {
		size := 0
		for _, r := range c.Routes {
			size += len("arn:aws-us-gov:execute-api:ap-southeast-2:111122223333:abcdefghij/*/") + len(r.Method) + len(r.Path) + 3
		}
		if size > 5_900 || len(c.Name) > 128 {
			t.Errorf("%s: %d characters", c.Name, size)
		}
	}
}

func TestEveryRouteOfTheCatalogueHasOneFunctionAndOneRoleOfCallers(t *testing.T) {
	routes, let := map[string]string{}, map[string]string{}
	p := planned(t, both())
	for _, f := range p.Functions {
		for _, r := range f.Routes {
			at := r.Method + " " + r.Path
			if other, taken := routes[at]; taken {
				t.Errorf("%s leads to %s and %s", at, other, f.Folder)
			}
			routes[at] = f.Folder
		}
	}
	for _, c := range p.Callers {
		for _, r := range c.Routes {
			let[r.Method+" "+r.Path] = c.Role
		}
	}
	for _, row := range catalog.All() {
		for _, r := range op.Routes(row.Describe()) {
			if routes[r.Method+" "+r.Path] == "" {
				t.Errorf("nothing is at %s %s", r.Method, r.Path)
			}
		}
	}
	for at, want := range map[string][2]string{
		"POST /v1/commands/executeProviderOperation":                     {"execute-provider-operation", "scheduler"},
		"POST /v1/commands/executeProviderOperation/CREATE_INSTANCES":    {"execute-provider-operation", "scheduler"},
		"POST /v1/commands/executeProviderOperation/TERMINATE_INSTANCES": {"execute-provider-operation", "scheduler"},
		"GET /v1/queries/getOperation":                                   {"get-operation", "reader"},
		"POST /v1/queries/getOperation":                                  {"get-operation", "reader"},
		"POST /v1/commands/registerProviderStrategy":                     {"register-provider-strategy", "operator"},
	} {
		if got := [2]string{routes[at], let[at]}; got != want {
			t.Errorf("%s: got %v, want %v", at, got, want)
		}
	}
	if len(let) != len(routes) {
		t.Errorf("%d routes, and callers may use %d", len(routes), len(let))
	}
}

func TestTheOutboxTakesRowsOfEventsAndNoOthers(t *testing.T) {
	const want = `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"EVT#"}]}}},"eventName":["INSERT"]}`
	if got := planned(t, nil).Outbox.Filter; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if pk := schema.EventPK(3); pk != "EVT#3" {
		t.Errorf("events are in %s", pk)
	}
}

func TestTheWorkflowThatTellsPutsOnTheBusOfItsStage(t *testing.T) {
	text := planned(t, both()).machine(t, "tell").Definition
	if !json.Valid([]byte(text)) || strings.Count(text, `"EventBusName": "ohfp-prod"`) != 1 || strings.Contains(text, "BUS") {
		t.Errorf("got %s", text)
	}
}

func TestAttemptsOfAKindKeepWhatIsReservedForThem(t *testing.T) {
	for _, f := range planned(t, map[string]any{"reservedConcurrency": map[string]any{"aws": 20}}).Functions {
		want := map[string]int{"attempt-aws": 20}[f.Folder]
		if f.Reserved != want {
			t.Errorf("%s: %d are reserved, want %d", f.Folder, f.Reserved, want)
		}
	}
}

func TestFunctionsOfStaticPoolsRunInTheirVPC(t *testing.T) {
	for _, f := range planned(t, both()).Functions {
		inside := f.VPC != nil
		if inside != strings.HasSuffix(f.Folder, "-static") {
			t.Errorf("%s in a VPC: %v", f.Folder, inside)
		}
		if got := f.Env["OHFP_STATIC"]; inside != (got == `{"address_allow":["10.0.0.0/8"]}`) {
			t.Errorf("%s is told %q", f.Folder, got)
		}
	}
}

func TestAnImportedTableIsTakenUnderItsOwnName(t *testing.T) {
	const arn = "arn:aws:dynamodb:eu-north-1:111122223333:table/restored"
	p := planned(t, map[string]any{"tableArn": arn, "tableStreamArn": arn + "/stream/2026-01-01T00:00:00.000"})
	if !p.Table.Imported || p.Table.Name != "restored" || p.Table.ARN != arn {
		t.Errorf("got %+v", p.Table)
	}
	for _, f := range p.Functions {
		if f.Env["OHFP_TABLE"] != "restored" || f.Role.Statements[0].Resources[0] != arn {
			t.Errorf("%s: %v, %v", f.Folder, f.Env, f.Role.Statements[0])
		}
	}
}
