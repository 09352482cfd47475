package statemachines_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/statemachines"
)

// validatorPackage is pinned: a new validator is a change like another.
const validatorPackage = "asl-validator@4.0.0"

// An independent reader of the language accepts what we deploy, and refuses a
// definition that leads nowhere. It needs Node and, the first time, a network;
// where CI is set its absence is a failure.
func TestAslValidatorAcceptsEveryDefinition(t *testing.T) {
	v := newValidator(t)
	var texts []string
	for _, name := range statemachines.Names() {
		text, err := statemachines.Definition(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
	if out, err := v.validate(texts...); err != nil {
		t.Errorf("refused: %v\n%s", err, out)
	}
	broken := strings.Replace(texts[0], `"StartAt": "Attempt"`, `"StartAt": "Nowhere"`, 1)
	if out, err := v.validate(broken); err == nil || !strings.Contains(out, "Nowhere") {
		t.Errorf("a definition that leads nowhere: got %v\n%s", err, out)
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

func (v validator) validate(texts ...string) (string, error) {
	v.t.Helper()
	var args []string
	for i, text := range texts {
		file := filepath.Join(v.dir, strconv.Itoa(i)+".json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			v.t.Fatal(err)
		}
		args = append(args, "--json-path", file)
	}
	return v.run(args...)
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
