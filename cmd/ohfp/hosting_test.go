package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// put writes a file of a scheduler's.
func put(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPlugin_takes_no_document_for_an_answer_that_is_none(t *testing.T) {
	input := put(t, t.TempDir(), "in.json", `{"template": {"templateId": "web", "machineCount": 1}, "requests": [{"requestId": "x"}], "machines": [{"name": "a"}]}`)
	for operation := range schedulerCalls() {
		for _, body := range []string{`{"hello": 1}`, `null`, `{"request_id": "", "requests": null, "templates": null}`} {
			b := newBroker(t, reply{status: 200, body: body})
			r := shell{env: map[string]string{"OHFP_ENDPOINT": b.URL}, real: true}.run(t, operation, "-f", input)
			if r.exit != 1 || !strings.HasPrefix(r.stdout, `{"message":"`+b.URL) || strings.Contains(r.stdout, "requestId") {
				t.Errorf("%s, %s: exit status %d, %s", operation, body, r.exit, r.stdout)
			}
		}
	}
}

func TestPlugin_notes_what_was_not_served_where_the_scheduler_keeps_logs(t *testing.T) {
	b := newBroker(t, reply{})
	for _, variable := range []string{"HF_PROVIDER_LOGDIR", "PRO_LSF_LOGDIR"} {
		logs := t.TempDir()
		input := put(t, logs, "in.json", `{"template": {"templateId": "web", "machineCount": 1}}`)
		sh := shell{env: map[string]string{"OHFP_ENDPOINT": b.URL, "HF_PROVIDER_NAME": "inst", variable: logs}, real: true}
		b.answers = []reply{{status: 503, body: `{"code":"no_provider_available","detail":"nobody\nis there"}`}}
		if r := sh.run(t, "hostfactory", "run", "requestMachines", "-f", input); r.exit != 1 {
			t.Fatalf("exit status %d: %s", r.exit, r.stdout)
		}
		b.answers = []reply{{status: 200, body: `{"templates": []}`}}
		if r := sh.run(t, "hostfactory", "run", "getAvailableTemplates", "-f", input); r.exit != 0 {
			t.Fatalf("exit status %d: %s", r.exit, r.stdout)
		}
		data, err := os.ReadFile(filepath.Join(logs, "ohfp.log"))
		if err != nil || strings.Count(string(data), "\n") != 1 {
			t.Fatalf("%v: %q", err, data)
		}
		var got map[string]any
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "pid")
		want := map[string]any{
			"time": "2026-05-04T12:00:00Z", "level": "ERROR", "msg": "requestMachines was not served", "instance": "inst",
			"file": input, "duration_ms": 0.0, "error": "no_provider_available: nobody is there",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestPlugin_answers_as_ever_when_it_cannot_note_a_failure(t *testing.T) {
	logs := t.TempDir()
	if err := os.Mkdir(filepath.Join(logs, "ohfp.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{logs, filepath.Join(logs, "nowhere")} {
		r := shell{env: map[string]string{"HF_PROVIDER_LOGDIR": dir}, real: true}.run(t, "requestMachines", "-f", "nothing.json")
		if r.exit != 1 || !strings.HasPrefix(r.stdout, `{"message":"--file: open nothing.json`) || !strings.Contains(r.stderr, "noting the failure: ") {
			t.Errorf("exit status %d, %s, %s", r.exit, r.stdout, r.stderr)
		}
	}
}

func TestTheLogOfFailuresIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ohfp.log")
	line := []byte(strings.Repeat("x", 300<<10) + "\n")
	for range 8 {
		if err := appendBounded(path, line); err != nil {
			t.Fatal(err)
		}
	}
	for name, lines := range map[string]int{path: 2, path + ".1": 3, path + ".2": 0} { // 3, 3, 2 of them
		data, err := os.ReadFile(name)
		if strings.Count(string(data), "\n") != lines || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s has %d lines, want %d: %v", name, strings.Count(string(data), "\n"), lines, err)
		}
	}
}

func TestPlugin_says_what_is_wrong_with_its_configuration(t *testing.T) {
	for text, want := range map[string]string{
		"": "want a JSON object", `[]`: "want a JSON object", `{"endpoint": 5}`: "endpoint",
		`{"endpiont": "http://127.0.0.1:1"}`: `"endpiont\" is no key of this file; its keys are endpoint, auth,`,
		`{"scheduler": "slurm"}`:             `scheduler: \"slurm\" is none of symphony, lsf`,
	} {
		dir := t.TempDir()
		path := put(t, dir, "ohfp.json", text)
		r := shell{env: map[string]string{"HF_PROVIDER_CONFDIR": dir}, real: true}.run(t, "getAvailableTemplates", "-f", "nothing.json")
		if r.exit != 1 || !strings.HasPrefix(r.stdout, `{"message":"reading `+path+": ") || !strings.Contains(r.stdout, want) {
			t.Errorf("%s: exit status %d, %s", text, r.exit, r.stdout)
		}
	}
}

// HOME is often that of who started the scheduler, and not of who runs scripts.
func TestPlugin_needs_no_configuration_of_a_user(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("NOT TESTED: a file that cannot be read; this user may read all")
	}
	b := newBroker(t, reply{status: 200, body: `{"templates": []}`})
	home, conf := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".config"), 0); err != nil {
		t.Fatal(err)
	}
	put(t, conf, "ohfp.json", `{"endpoint": "`+b.URL+`"}`)
	r := shell{env: map[string]string{"HOME": home, "HF_PROVIDER_CONFDIR": conf}, real: true}.run(t, "getAvailableTemplates", "-f", "nothing.json")
	if r.exit != 0 {
		t.Errorf("exit status %d: %s", r.exit, r.stdout)
	}
}

func TestPlugin_is_installed_with_the_whole_path_of_the_token(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	put(t, dir, "token", "abc")
	if r := (shell{real: true}).run(t, "hostfactory", "install", "--dir", "plug", "--token-file", "token"); r.exit != 0 {
		t.Fatal(r.stderr)
	}
	data, err := os.ReadFile(filepath.Join(dir, "plug", "conf", "ohfp.json"))
	var got hostConfig
	if err := errors.Join(err, json.Unmarshal(data, &got)); err != nil || got.TokenFile != filepath.Join(dir, "token") {
		t.Errorf("%v: %s", err, data)
	}
}
