package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/infra/plan"
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

// built is where sites are synthesized, each in a directory of its name.
var built string

// runAll starts Node.js once for all tests.
func runAll(m *testing.M) int {
	defer jsii.Close()
	var err error
	if built, err = os.MkdirTemp("", "ohfp-infra"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(built)
	return m.Run()
}

// template is a synthesized stack, as CloudFormation gets it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any `json:",omitempty"`
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string   `json:",omitempty"`
	DependsOn      []string `json:",omitempty"`
}

const tableARN = "arn:aws:dynamodb:eu-north-1:111122223333:table/restored"

// sites are the contexts under which stages are tested: what a site gets that
// decides nothing, one that decides everything, a private one.
func sites() map[string]map[string]any {
	return map[string]map[string]any{
		"plain": {},
		"full": {
			"stage": "prod", "enabledProviders": "aws,static", "auth": "jwt", "jwtIssuer": "https://login.example.com/", "jwtAudience": "ohfp",
			"staticVpc":        `{"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"], "address_allow": ["10.0.0.0/8"]}`,
			"providerAccounts": "444455556666,777788889999", "organization": "o-a1b2c3d4e5", "permissionsBoundary": "arn:aws:iam::111122223333:policy/bound",
			"rolePath": "/ohfp/", "alarmTopic": "arn:aws:sns:eu-north-1:111122223333:on-call", "retentionDays": "90", "tracing": "true",
			"kms": "arn:aws:kms:eu-north-1:111122223333:key/0a1b2c3d-0000-0000-0000-000000000000", "reservedConcurrency": `{"aws": 20}`,
		},
		"private": {"stage": "inside", "api": "private", "vpc": "vpc-0a1b2c3d", "tableArn": tableARN, "tableStreamArn": tableARN + "/stream/2026-01-01T00:00:00.000"},
	}
}

// stacks are the templates of a site by the part of their names. Each site is
// synthesized once.
func stacks(t *testing.T, name string) map[string]template {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if done, ok := made[name]; ok {
		return done
	}
	out := synthesize(t, name)
	made[name] = out
	return out
}

var (
	once sync.Mutex
	made = map[string]map[string]template{}
)

// assets are the codes in a plain stage's files, by their hashes.
func assets(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range glob(t, filepath.Join(output(t), "asset.*.zip")) {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "asset."), ".zip")] = string(text)
	}
	return out
}

// rawResources are those of a plain stage, with the hashes of their code.
func rawResources(t *testing.T, part string) map[string]resource {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(output(t), "ohfp-dev-"+part+".template.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tp template
	if err := json.Unmarshal(text, &tp); err != nil {
		t.Fatal(err)
	}
	return tp.Resources
}

// output is the directory of a plain stage.
func output(t *testing.T) string {
	t.Helper()
	stacks(t, "plain")
	return filepath.Join(built, "plain")
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	return files
}

func synthesize(t *testing.T, name string) map[string]template {
	t.Helper()
	cfg, err := plan.Parse(sites()[name])
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(built, name)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), AnalyticsReporting: jsii.Bool(false)})
	if err := build(app, cfg, zips(t)); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	out := map[string]template{}
	for _, f := range glob(t, filepath.Join(dir, "*.template.json")) {
		part := strings.TrimSuffix(filepath.Base(f), ".template.json")
		part = strings.TrimPrefix(part, "ohfp-"+cfg.Stage+"-")
		out[part] = parse(t, f)
	}
	return out
}

func parse(t *testing.T, file string) (out template) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`[0-9a-f]{64}\.zip`).ReplaceAll(text, []byte("CODE.zip"))
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	for name, r := range out.Resources {
		r.Properties = resolved(r.Properties).(map[string]any)
		out.Resources[name] = r
	}
	return out
}

// zips is a directory that looks like a build of the functions.
func zips(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p, err := plan.New(plan.Config{Stage: "x", Providers: plan.Kinds(), Static: &plan.StaticVPC{}}, plan.Place{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Functions {
		if err := os.WriteFile(filepath.Join(dir, f.Folder+".zip"), []byte(f.Folder), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// untagged is a template without tags, which have a test of their own.
func (tp template) untagged() template {
	out := template{Resources: map[string]resource{}, Outputs: tp.Outputs}
	for name, r := range tp.Resources {
		r.Properties = maps.Clone(r.Properties)
		delete(r.Properties, "Tags")
		out.Resources[name] = r
	}
	return out
}

// of are the resources of a type, by their names.
func (tp template) of(kind string) map[string]resource {
	out := map[string]resource{}
	for name, r := range tp.Resources {
		if r.Type == kind {
			out[name] = r
		}
	}
	return out
}

// resolved writes the intrinsic functions in a template as Fn::Sub would:
// "arn:${AWS::Partition}:…", "${Table.StreamArn}".
func resolved(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = resolved(v[i])
		}
		return out
	case map[string]any:
		if text, ok := intrinsic(v); ok {
			return text
		}
		out := map[string]any{}
		for k := range v {
			out[k] = resolved(v[k])
		}
		return out
	}
	return v
}

func intrinsic(v map[string]any) (string, bool) {
	if name, ok := v["Ref"].(string); ok {
		return "${" + name + "}", true
	}
	if name, ok := v["Fn::ImportValue"].(string); ok {
		return "${import " + name + "}", true
	}
	if text, ok := v["Fn::Sub"].(string); ok {
		return text, true
	}
	if at, ok := v["Fn::GetAtt"].([]any); ok {
		return "${" + at[0].(string) + "." + at[1].(string) + "}", true
	}
	join, ok := v["Fn::Join"].([]any)
	if !ok || join[0] != "" {
		return "", false
	}
	var b strings.Builder
	for _, part := range join[1].([]any) {
		b.WriteString(resolved(part).(string))
	}
	return b.String(), true
}

func TestStacksAreAsReviewed(t *testing.T) {
	for name := range sites() {
		for part, got := range stacks(t, name) {
			file := filepath.Join("testdata", name+"-"+part+".template.json")
			if name == "private" && part == "broker" {
				continue // the plain one, but for the table's name
			}
			text, err := json.MarshalIndent(got.untagged(), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
				t.Errorf("%s of site %s (-reviewed +now; UPDATE_GOLDEN=1 writes it):\n%s", part, name, diff)
			}
		}
	}
}

// TestTemplatesHaveRoom: CloudFormation takes 500 resources.
func TestTemplatesHaveRoom(t *testing.T) {
	for name := range sites() {
		for part, tp := range stacks(t, name) {
			if n := len(tp.Resources); n >= 400 {
				t.Errorf("%s of site %s has %d resources", part, name, n)
			}
			text, err := json.Marshal(tp)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) > 900_000 { // of 1 MB
				t.Errorf("%s of site %s has %d bytes", part, name, len(text))
			}
		}
	}
}
