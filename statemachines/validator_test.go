package statemachines_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines"
)

// validatorPackage is pinned: a new validator is a change like another.
const validatorPackage = "asl-validator@4.0.0"

// An independent reader of the language accepts what we deploy. It needs Node
// and, the first time, a network; where CI is set its absence is a failure.
func TestAslValidatorAcceptsEveryDefinition(t *testing.T) {
	v := newValidator(t)
	for _, name := range statemachines.Names() {
		text, err := statemachines.Definition(name)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := v.validate(text); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestAslValidatorRefusesADefinitionThatLeadsNowhere(t *testing.T) {
	v := newValidator(t)
	text, err := statemachines.Definition(statemachines.Reconcile)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(text), `"StartAt": "Reconcile"`, `"StartAt": "Nowhere"`, 1)
	if out, err := v.validate([]byte(broken)); err == nil {
		t.Errorf("it was accepted:\n%s", out)
	}
}

// validator runs the npm package in a directory of its own.
type validator struct {
	t   *testing.T
	npx string
	dir string
}

func newValidator(t *testing.T) validator {
	t.Helper()
	v := validator{t: t, dir: t.TempDir()}
	npx, err := exec.LookPath("npx")
	if err != nil {
		v.absent("npx is not installed")
	}
	v.npx = npx
	if out, err := v.run("--version"); err != nil {
		v.absent("npx could not run it: " + err.Error() + "\n" + out)
	}
	return v
}

func (v validator) absent(why string) {
	v.t.Helper()
	if os.Getenv("CI") == "true" {
		v.t.Fatalf("CI needs %s: %s", validatorPackage, why)
	}
	v.t.Skipf("NOT CHECKED by %s: %s", validatorPackage, why)
}

func (v validator) validate(text []byte) (string, error) {
	v.t.Helper()
	file := filepath.Join(v.dir, "definition.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		v.t.Fatal(err)
	}
	return v.run("--json-path", file)
}

// run gives up after a minute: without a network npx would try for longer.
func (v validator) run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(v.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, v.npx, append([]string{"--yes", "--prefer-offline", validatorPackage}, args...)...)
	cmd.Dir, cmd.WaitDelay = v.dir, 5*time.Second
	cmd.Env = append(os.Environ(), "npm_config_fetch_retries=0", "npm_config_fetch_timeout=20000", "npm_config_update_notifier=false")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
