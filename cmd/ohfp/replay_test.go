package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// goldenDecisions are what brokers have stored by a policy.
func goldenDecisions(t *testing.T, policy string) []broker.Decision {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join("..", "..", "shared", "selection", "testdata", "decisions", policy+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []broker.Decision
	if err := json.Unmarshal(doc, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// recordWith is the record of an operation as getOperation shows it.
func recordWith(t *testing.T, d broker.Decision) string {
	t.Helper()
	doc, err := json.Marshal(map[string]any{"operation_id": "op-1", "status": "SUCCEEDED", "decision": d})
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestReplay_of_a_stored_decision_of_every_policy_is_identical(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "shared", "selection", "testdata", "decisions", "*.json"))
	if err != nil || len(files) < 13 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		policy := strings.TrimSuffix(filepath.Base(f), ".json")
		for i, d := range goldenDecisions(t, policy) {
			r := shell{real: true, stdin: recordWith(t, d)}.run(t, "replay", "-f", "-")
			if r.exit != 0 || r.stderr != "" || !strings.HasSuffix(r.stdout, "\nidentical to what was decided, by rules 1; decided by rules 1\n") {
				t.Errorf("%s %d: %+v", policy, i, r)
			}
		}
	}
}

func TestReplay_shows_what_another_version_of_the_rules_decides_otherwise(t *testing.T) {
	d := goldenDecisions(t, "RANDOM")[1]
	d.Ranked[0], d.Ranked[1] = d.Ranked[1], d.Ranked[0]
	d.Verdicts[0].Detail = "as it was said once"
	r := shell{real: true, stdin: recordWith(t, d)}.run(t, "replay", "-f", "-", "--format", "json")
	var out struct {
		Identical   bool         `json:"identical"`
		Differences []difference `json:"differences"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil {
		t.Fatal(err)
	}
	var fields []string
	for _, f := range out.Differences {
		fields = append(fields, f.Field)
	}
	want := "ranked, verdict of " + d.Verdicts[0].Provider
	if r.exit != 1 || out.Identical || strings.Join(fields, ", ") != want {
		t.Errorf("exit %d, %v, want %s", r.exit, fields, want)
	}
	if r.stderr != "ohfp: the decision is not identical: "+want+"\n" {
		t.Errorf("stderr is %q", r.stderr)
	}
}

func TestReplay_of_too_many_providers_says_loudly_that_it_proves_nothing(t *testing.T) {
	d := goldenDecisions(t, "FIRST_AVAILABLE")[1]
	d.Evidence = json.RawMessage(strings.Replace(string(d.Evidence), `"read":4`, `"read":4000`, 1))
	r := shell{real: true, stdin: recordWith(t, d)}.run(t, "replay", "-f", "-")
	if r.exit != 1 || !strings.Contains(r.stdout, "warning: of the 4000 providers that were read only the 4 ranked ones were kept") ||
		!strings.Contains(r.stdout, "NOT identical") || !strings.Contains(r.stderr, "cannot be proven") {
		t.Errorf("got %+v", r)
	}
}

func TestReplay_says_why_it_cannot(t *testing.T) {
	owned := `{"operation_id":"op-1","decision":{"policy":"","ranked":null,"verdicts":null}}`
	bare := recordWith(t, broker.Decision{Policy: broker.Random})
	torn := recordWith(t, broker.Decision{Policy: broker.Random, Evidence: json.RawMessage(`{"read":-1}`)})
	for name, c := range map[string]struct{ record, want string }{
		"of what has an owner":     {owned, "was not decided by a selection"},
		"of what kept no evidence": {bare, "what the decision read was not kept"},
		"of torn evidence":         {torn, "is not one that a broker has written"},
	} {
		r := shell{real: true, stdin: c.record}.run(t, "replay", "-f", "-")
		if r.exit != 1 || r.code(t) != codeReplay || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	r := shell{real: true, stdin: "no JSON"}.run(t, "replay", "-f", "-")
	if r.exit != 2 {
		t.Errorf("got %+v", r)
	}
}
