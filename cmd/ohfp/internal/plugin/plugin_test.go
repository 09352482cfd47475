package plugin_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/plugin"
	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// client writes a program that stands for ohfp. Nothing here runs in parallel:
// a process that is forked while the program is written has it open for a
// moment, and what is open to be written cannot be run.
func client(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

func install(t *testing.T, o plugin.Options) []plugin.File {
	t.Helper()
	files, err := plugin.Install(o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestScriptsStartTheClientWhateverThePathsAreCalled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the scripts for sh")
	}
	dir := filepath.Join(t.TempDir(), `it's a "dir" $HOME`)
	program := filepath.Join(dir, "bin", "ohfp's $(client)")
	client(t, program, `echo "$OHFP_HOST_CONFIG|$*"`)
	install(t, plugin.Options{Dir: dir, Scheduler: hostfactory.Symphony, Client: program})
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts", "requestMachines.sh"), "-f", "a b.json")
	cmd.Env = []string{}
	out, err := cmd.Output()
	want := filepath.Join(dir, "conf", "ohfp.json") + "|hostfactory run requestMachines -f a b.json\n"
	if diff := cmp.Diff(want, string(out)); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestWhatIsConfiguredStaysWhenItIsInstalledAgain(t *testing.T) {
	o := plugin.Options{Dir: t.TempDir(), Scheduler: hostfactory.LSF, Client: "/bin/false", Endpoint: "http://127.0.0.1:1", TokenFile: "/token"}
	install(t, o)
	path := filepath.Join(o.Dir, "conf", "ohfp.json")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept := 0
	for _, f := range install(t, o) {
		if f.Kept {
			kept++
		}
	}
	data, err := os.ReadFile(path)
	if string(data) != "mine" || err != nil || kept != 2 {
		t.Errorf("%d files are kept, and it is %q, %v", kept, data, err)
	}
	if len(o.Steps()) != 5 {
		t.Errorf("the steps are %q", o.Steps())
	}
}

func TestAPlugInThatSignsKnowsNoToken(t *testing.T) {
	o := plugin.Options{
		Dir: t.TempDir(), Scheduler: hostfactory.Symphony, Client: "/bin/false", Endpoint: "https://a.execute-api.eu-west-1.amazonaws.com",
		TokenFile: "/token", Signed: true, Profile: "schedulers",
	}
	install(t, o)
	data, err := os.ReadFile(filepath.Join(o.Dir, "conf", "ohfp.json"))
	want := `{
  "auth": "sigv4",
  "aws_profile": "schedulers",
  "endpoint": "https://a.execute-api.eu-west-1.amazonaws.com",
  "scheduler": "symphony"
}
`
	if diff := cmp.Diff(want, string(data)); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if steps := strings.Join(o.Steps(), "\n"); !strings.Contains(steps, "find credentials of AWS") || strings.Contains(steps, "token") {
		t.Errorf("the steps are %s", steps)
	}
}

func TestScriptsForWindowsHaveItsLineEnds(t *testing.T) {
	dir := t.TempDir()
	install(t, plugin.Options{Dir: dir, Scheduler: hostfactory.Symphony, Client: `C:\100%\ohfp.exe`})
	data, err := os.ReadFile(filepath.Join(dir, "scripts", "getRequestStatus.bat"))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(data); strings.Count(s, "\n") != strings.Count(s, "\r\n") || !strings.Contains(s, `"OHFP_CLIENT=C:\100%%\ohfp.exe"`) {
		t.Errorf("it is %q", s)
	}
	if before, _, _ := strings.Cut(string(data), "set \""); !strings.Contains(before, "\r\nsetlocal\r\n") {
		t.Errorf("it changes variables of its caller: %q", data)
	}
}

func TestCheckFindsWhatASchedulerWouldStumbleOver(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the scripts for sh")
	}
	const good = `case "$3" in
getAvailableTemplates) echo '{"templates": [{"templateId": "a", "maxNumber": 1, "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"], "nram": ["Numeric", "1024"]}}]}' ;;
requestMachines) echo '{"message": "no"}'; exit 1 ;;
requestReturnMachines) echo '{"message": "", "requestId": "ret-1"}' ;;
*) echo '{"requests": []}' ;;
esac`
	for name, c := range map[string]struct {
		script, want string // want: what is said of the scripts that are wrong
	}{
		"nothing":                         {good, ""},
		"a word before the document":      {"echo starting\n" + good, "stdout is not a JSON object"},
		"a word after it":                 {good + "\necho done", "stdout goes on after its JSON document"},
		"noise on stderr is none of it":   {"echo noise >&2\n" + good, ""},
		"a refusal that looks like a yes": {strings.Replace(good, `{"message": "no"}`, `{"message": "no", "requestId": "req-1"}`, 1), "a refused request has a requestId"},
		"a wrong exit status":             {strings.Replace(good, "exit 1", "exit 2", 1), "exit status 2, want 1"},
		"a template without a number":     {strings.Replace(good, `"maxNumber": 1, `, "", 1), `templates[0] has no "maxNumber"`},
		"no id":                           {strings.Replace(good, `"ret-1"`, `""`, 1), `"requestId" is missing or no text`},
		"no list":                         {strings.Replace(good, "[]", "null", 1), `"requests" is no list of objects`},
		"a template without memory":       {strings.Replace(good, `"nram"`, `"mem"`, 1), `template "a": symphony requires the attribute nram`},
		"a number that is one":            {strings.Replace(good, `["Numeric", "1"]`, `[1]`, 1), "reading templates"},
		"no template":                     {strings.Replace(good, `"templates": [{`, `"templates": [], "others": [{`, 1), "there is no template"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program := filepath.Join(dir, "ohfp")
			client(t, program, c.script)
			install(t, plugin.Options{Dir: dir, Scheduler: hostfactory.Symphony, Client: program})
			found, err := plugin.Check(t.Context(), dir, func() time.Time { return time.Time{} })
			if err != nil || len(found) != len(plugin.Operations()) {
				t.Fatalf("%d findings, %v", len(found), err)
			}
			for _, f := range found {
				if f.OK {
					continue
				}
				if c.want == "" || !strings.Contains(f.Detail, c.want) {
					t.Errorf("%s: %s", f.Script, f.Detail)
				}
				return
			}
			if c.want != "" {
				t.Error("nothing is found")
			}
		})
	}
}

func TestCheckHoldsTemplatesToWhatTheirSchedulerReads(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the scripts for sh")
	}
	for answer, want := range map[string]string{
		`{"templates": [{"templateId": "a", "maxNumber": 1, "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"]}}]}`:   "as it should be",
		`{"templates": [{"templateId": "a_b", "maxNumber": 1, "attributes": {"type": ["String", "X86_64"], "ncpus": ["Numeric", "1"]}}]}`: `template "a_b": LSF takes no underscore in a template's name: register it under another one`,
		`{"templates": [{"templateId": "a", "maxNumber": 1, "attributes": {"ncpus": ["Numeric", "1"]}}]}`:                                 `template "a": lsf requires the attribute type: register the template with it`,
	} {
		dir := t.TempDir()
		program := filepath.Join(dir, "ohfp")
		client(t, program, "echo '"+answer+"'")
		install(t, plugin.Options{Dir: dir, Scheduler: hostfactory.LSF, Client: program})
		found, err := plugin.Check(t.Context(), dir, func() time.Time { return time.Time{} })
		if err != nil || found[0].Detail != want {
			t.Errorf("%s: %v, %q", answer, err, found[0].Detail)
		}
	}
}

func TestAClientThatCannotBeStartedIsSaidInTheSchedulersForm(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the scripts for sh")
	}
	programs := t.TempDir()
	for name, data := range map[string]string{"empty": "", "another machine's": "\x7fELF\x02\x01\x01"} {
		if err := os.WriteFile(filepath.Join(programs, name), []byte(data), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	shells := []string{"sh"} // a file with one byte too few is no program to any of them
	if _, err := exec.LookPath("bash"); err == nil {
		shells = append(shells, "bash")
	}
	for _, name := range []string{"empty", "another machine's", "missing", "."} {
		dir := t.TempDir()
		install(t, plugin.Options{Dir: dir, Scheduler: hostfactory.Symphony, Client: filepath.Join(programs, name)})
		for _, shell := range shells {
			cmd := exec.CommandContext(t.Context(), shell, filepath.Join(dir, "scripts", "requestMachines.sh"), "-f", "in.json")
			out, _ := cmd.Output()
			if exit := cmd.ProcessState.ExitCode(); exit != 1 || !strings.HasPrefix(string(out), `{"message":"the client of the broker`) || !strings.HasSuffix(string(out), "\"}\n") {
				t.Errorf("%s, %s: exit status %d, %q", shell, name, exit, out)
			}
		}
	}
}

func TestAScriptThatRunsIsNotChangedUnderIt(t *testing.T) {
	o := plugin.Options{Dir: t.TempDir(), Scheduler: hostfactory.Symphony, Client: "/opt/ohfp-1"}
	install(t, o)
	script, running := filepath.Join(o.Dir, "scripts", "requestMachines.sh"), filepath.Join(o.Dir, "running")
	if err := os.Link(script, running); err != nil {
		t.Fatal(err)
	}
	o.Client = "/opt/ohfp-2"
	install(t, o)
	for path, want := range map[string]string{script: "/opt/ohfp-2", running: "/opt/ohfp-1"} {
		if data, err := os.ReadFile(path); err != nil || !strings.Contains(string(data), want) {
			t.Errorf("%s does not start %s: %v", path, want, err)
		}
	}
}

func TestWhatIsLeftOfAnInstallationThatFailedIsNotKept(t *testing.T) {
	o := plugin.Options{Dir: t.TempDir(), Scheduler: hostfactory.Symphony, Client: "/bin/false"}
	part := filepath.Join(o.Dir, "conf", "ohfp.json.part")
	if err := os.MkdirAll(filepath.Join(part, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := plugin.Install(o); err == nil {
		t.Fatal("it is installed")
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "conf", "ohfp.json")); err == nil {
		t.Error("half of it is there")
	}
}

func TestTheConfigurationOfTheOtherSchedulerIsNamed(t *testing.T) {
	o := plugin.Options{Dir: filepath.Join(t.TempDir(), "two words"), Scheduler: hostfactory.Symphony, Client: "/bin/false"}
	install(t, o)
	before := o.Steps()
	o.Scheduler = hostfactory.LSF
	install(t, o)
	after := o.Steps()
	if len(after) != len(before)+1 || !strings.Contains(after[0], "is that of symphony") {
		t.Errorf("the steps are %q", after)
	}
	if last := before[len(before)-1]; !strings.HasSuffix(last, "--dir '"+o.Dir+"'") {
		t.Errorf("it cannot be typed: %s", last)
	}
}

func TestCheckStartsScriptsByTheirWholePathAndSaysWhatTheyDiedOf(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("NOT TESTED: the scripts for sh")
	}
	t.Chdir(t.TempDir())
	program, err := filepath.Abs("ohfp")
	if err != nil {
		t.Fatal(err)
	}
	client(t, program, "echo out of memory >&2\nexit 2")
	install(t, plugin.Options{Dir: "-plug", Scheduler: hostfactory.Symphony, Client: program})
	found, err := plugin.Check(t.Context(), "-plug", func() time.Time { return time.Time{} })
	if want := "stdout is not a JSON object: EOF: exit status 2: out of memory"; err != nil || found[0].Detail != want {
		t.Errorf("%v, %q, want %q", err, found[0].Detail, want)
	}
}
