package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoTemplates = `templates:
  - template_id: one
  - template_id: two
    image: new
`

// Answers of a broker to a dry run, to a list, and to a change.
var (
	wouldCreate = reply{status: 200, body: `{"status":"registered","version":0,"dry_run":true}`}
	wouldChange = reply{status: 200, body: `{"status":"updated","version":4,"dry_run":true,"changes":[{"field":"image","from":"old","to":"new"}]}`}
	listing     = reply{status: 200, body: `{"templates":[]}`}
	storedIt    = reply{status: 200, body: `{"status":"updated","version":5}`}
)

func applies(t *testing.T, b *fakeBroker, args ...string) (result, map[string]any) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "site.yaml")
	write(t, file, twoTemplates)
	r := shell{real: true, env: map[string]string{"OHFP_ENDPOINT": b.URL}}.run(t, append([]string{"apply", "-f", file, "--format", "json"}, args...)...)
	var document map[string]any
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatalf("stdout is not one JSON document: %v\n%s", err, r.stdout)
	}
	return r, document
}

func statuses(document map[string]any) (all []any) {
	objects, _ := document["objects"].([]any)
	for _, o := range objects {
		object, _ := o.(map[string]any)
		all = append(all, object["status"])
	}
	return all
}

func TestApply_sends_the_version_that_it_compared_with(t *testing.T) {
	b := newBroker(t, wouldCreate, wouldChange, listing, storedIt)
	r, document := applies(t, b)
	if r.exit != 0 {
		t.Fatal(r.stderr)
	}
	var sent []string
	for _, call := range b.calls() {
		sent = append(sent, call.uri+" "+call.body)
	}
	want := []string{
		`/v1/commands/registerTemplate {"dry_run":true,"template_id":"one"}`,
		`/v1/commands/registerTemplate {"dry_run":true,"template_id":"two","image":"new"}`,
		`/v1/queries/listTemplates {"limit": 1000}`,
		`/v1/commands/registerTemplate {"version":0,"template_id":"one"}`,
		`/v1/commands/registerTemplate {"version":4,"template_id":"two","image":"new"}`,
	}
	if d := cmp.Diff(want, sent); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{done, done}, statuses(document)); d != "" {
		t.Error(d)
	}
	// What is only asked needs no key; what is stored has one.
	for i, call := range b.calls() {
		if got := call.header.Get("Idempotency-Key") != ""; got != (i > 2) {
			t.Errorf("call %d: has a key: %v", i, got)
		}
	}
}

func TestApply_stops_at_what_somebody_else_has_changed(t *testing.T) {
	conflict := reply{status: 409, body: `{"type":"t","title":"Conflict","status":409,"code":"conflict","detail":"template \"two\" is at version 5 now","current_version":5}`}
	b := newBroker(t, wouldCreate, wouldChange, listing, storedIt, conflict)
	r, document := applies(t, b)
	if r.exit != 1 || document["code"] != "conflict" {
		t.Fatalf("%+v", r)
	}
	if d := cmp.Diff([]any{done, failed}, statuses(document)); d != "" {
		t.Error(d)
	}
	for _, said := range []string{`template "two"`, ":3)", "somebody else has changed it", "Done before it: 1; not attempted: 0"} {
		if !strings.Contains(r.stderr, said) {
			t.Errorf("stderr lacks %q: %s", said, r.stderr)
		}
	}
}

func TestApply_says_what_it_did_when_there_is_no_answer_any_more(t *testing.T) {
	b := newBroker(t, wouldCreate, wouldChange, listing, reply{hang: true})
	r, document := applies(t, b)
	if r.exit != 3 || document["code"] != "unreachable" {
		t.Fatalf("%+v", r)
	}
	if d := cmp.Diff([]any{failed, notAttempted}, statuses(document)); d != "" {
		t.Error(d)
	}
}

func TestApply_changes_nothing_when_it_cannot_compare(t *testing.T) {
	for name, c := range map[string]struct {
		answers []reply
		calls   int
	}{
		"a token that may not": {[]reply{{status: 403, body: `{"code":"forbidden","detail":"no"}`}}, 1},
		"a list that fails":    {[]reply{wouldCreate, wouldChange, {status: 503, body: `{"code":"store_unavailable","detail":"no disk"}`}}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroker(t, c.answers...)
			r, _ := applies(t, b)
			if r.exit != 1 || len(b.calls()) != c.calls {
				t.Errorf("exit %d after %d calls: %s", r.exit, len(b.calls()), r.stderr)
			}
		})
	}
}

func TestApply_takes_what_is_gone_for_deleted(t *testing.T) {
	have := reply{status: 200, body: `{"templates":[{"template_id":"three","has_user_data":false,"version":1}]}`}
	b := newBroker(t, reply{status: 200, body: `{"status":"unchanged","version":1,"dry_run":true}`}, reply{status: 200, body: `{"status":"unchanged","version":1,"dry_run":true}`},
		have, reply{status: 404, body: `{"code":"not_found","detail":"there is no template"}`})
	r, document := applies(t, b, "--prune")
	if r.exit != 0 || len(b.calls()) != 4 || b.calls()[3].body != `{"template_id":"three"}` {
		t.Fatalf("%+v %+v", r, b.calls())
	}
	if d := cmp.Diff([]any{nil, nil, done}, statuses(document)); d != "" {
		t.Error(d)
	}
}

func TestExport_reads_every_page(t *testing.T) {
	b := newBroker(t,
		reply{status: 200, body: `{"providers":[]}`},
		reply{status: 200, body: `{"templates":[{"template_id":"a","has_user_data":false}],"next_cursor":"n"}`},
		reply{status: 200, body: `{"templates":[{"template_id":"b","has_user_data":true,"version":3}]}`})
	r := shell{real: true, env: map[string]string{"OHFP_ENDPOINT": b.URL}}.run(t, "export")
	want := `# template b has user data, which is never written; give it as user_data on another broker.
providers: []
templates:
  - template_id: a
  - template_id: b
    keep_user_data: true
`
	if got, _, _ := strings.Cut(r.stdout, "configuration:"); r.exit != 0 || got != want {
		t.Errorf("%+v", r)
	}
	if got := b.calls()[2].body; got != `{"limit": 1000, "cursor": "n"}` {
		t.Errorf("got %s", got)
	}
}
