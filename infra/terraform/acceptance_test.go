package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestTerraform plays the scripts of testdata with the real terraform and a real
// broker:
//
//	start              run an ohfpd; the variables name it to ohfp and Terraform
//	plan STATUS        terraform plan: 0 nothing to do, 2 something
//	bad                terraform plan, which must fail
func TestTerraform(t *testing.T) {
	if _, err := exec.LookPath("terraform"); err != nil {
		fmt.Fprintln(os.Stderr, "!!! NOT TESTED: the provider in Terraform, because terraform is not installed.")
		t.Skip("terraform is not installed")
	}
	bin := built(t)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"start": start, "plan": plan, "bad": bad},
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("CHECKPOINT_DISABLE", "1")
			e.Setenv("TF_CLI_ARGS", "-no-color")
			e.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(e.WorkDir, "rc"))
			rc := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n}\n", "openhostfactory/ohfp", bin)
			return os.WriteFile(filepath.Join(e.WorkDir, "rc"), []byte(rc), 0o600)
		},
	})
}

// built is a directory with the plug-in, the broker and its client.
func built(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	for _, args := range [][]string{
		{"build", "-o", filepath.Join(bin, "terraform-provider-ohfp"), "."},
		{"build", "-C", filepath.Join("..", ".."), "-o", bin, "./cmd/ohfp", "./cmd/ohfpd"},
	} {
		if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
	}
	return bin
}

func start(ts *testscript.TestScript, _ bool, _ []string) {
	dir := ts.MkAbs("data")
	ohfpd, err := exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], "ohfpd"))
	ts.Check(err)
	var said bytes.Buffer
	cmd := exec.Command(ohfpd, "--listen", "127.0.0.1:0", "--data-dir", dir)
	cmd.Env, cmd.Stderr = []string{"HOME=" + ts.Getenv("HOME"), "PATH=" + ts.Getenv("PATH"), "AWS_EC2_METADATA_DISABLED=true"}, &said
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // that it ended is what counts
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-ended
	})
	at := answering(dir, ended)
	if at == "" {
		_ = cmd.Process.Kill()
		<-ended
		ts.Fatalf("the broker does not serve:\n%s", &said)
	}
	ts.Setenv("OHFP_ENDPOINT", at)
	ts.Setenv("OHFP_TOKEN_FILE", filepath.Join(dir, "token"))
}

// answering waits for the broker and returns where it is; "" when it has ended,
// or took two minutes.
func answering(dir string, ended <-chan struct{}) string {
	deadline := time.After(2 * time.Minute)
	beat := time.NewTicker(10 * time.Millisecond)
	defer beat.Stop()
	for {
		if at, err := os.ReadFile(filepath.Join(dir, "endpoint")); err == nil {
			return strings.TrimSpace(string(at))
		}
		select {
		case <-beat.C:
		case <-ended:
			return ""
		case <-deadline:
			return ""
		}
	}
}

func plan(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("terraform", "plan", "-detailed-exitcode")
	status := 0
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // of Exec itself
		status = exit.ExitCode()
	}
	if fmt.Sprint(status) != args[0] {
		ts.Fatalf("terraform plan ended with %d, want %s", status, args[0])
	}
}

func bad(ts *testscript.TestScript, _ bool, _ []string) {
	if ts.Exec("terraform", "plan") == nil {
		ts.Fatalf("terraform plan did not fail")
	}
}
