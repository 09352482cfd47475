package cmd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

// madeUp ends the ids in examples: of an operation and of a machine that only
// the reader can have.
const madeUp = `-8000-000000000000"`

// examples pastes every example of every help into a shell, each at a site of
// its own.
func examples(t *testing.T, bin string, w way) {
	t.Helper()
	for _, o := range catalog.All() {
		spec := o.Describe()
		if len(op.Routes(spec)) == 0 {
			continue
		}
		lines := helpExamples(t, bin, spec.Name)
		if len(lines) != len(spec.Examples) {
			t.Errorf("the help of %s shows %d examples, the catalogue has %d", spec.Name, len(lines), len(spec.Examples))
		}
		for i, line := range lines {
			t.Run(spec.Name+": "+spec.Examples[i].Title, func(t *testing.T) {
				t.Parallel()
				paste(t, bin, w, pasted{line: line, furnished: !strings.HasPrefix(spec.Name, "register")})
			})
		}
	}
	for _, command := range []string{"apply", "export", "templates import"} {
		for _, line := range helpExamples(t, bin, command) {
			t.Run(line, func(t *testing.T) {
				t.Parallel()
				paste(t, bin, w, pasted{line: line, furnished: true, yaml: true})
			})
		}
	}
}

// helpExamples returns the command lines that the help of a command shows.
func helpExamples(t *testing.T, bin, command string) (lines []string) {
	t.Helper()
	args := append(strings.Fields(command), "--help")
	help, err := exec.CommandContext(t.Context(), filepath.Join(bin, "ohfp"), args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(string(help), "\nExamples:\n")
	shown, _, _ = strings.Cut(shown, "\n\n")
	for line := range strings.Lines(shown) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// pasted is a line from a help.
type pasted struct {
	line      string
	furnished bool // pool-a, pool-b and web-server are there
	yaml      bool // what it prints need not be JSON
}

// paste runs a line. It must succeed; when it names what nobody has, that must
// be what it says.
func paste(t *testing.T, bin string, w way, p pasted) {
	t.Helper()
	home, line := t.TempDir(), p.line
	env := []string{"HOME=" + home, "PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH")}
	dir := filepath.Join(home, "data")
	b, err := launch(filepath.Join(bin, "ohfpd"), dir, append(env, w.env...), w.flags(dir)...)
	if b != nil {
		t.Cleanup(func() {
			if err := b.end(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if p.furnished {
		furnish(t, b)
	}
	share(t, home)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Env, cmd.Dir = append(env, "OHFP_ENDPOINT="+b.endpoint, "OHFP_TOKEN_FILE="+b.tokenFile()), home
	out, _ := cmd.Output() // how it ended is read from ProcessState
	var answer struct{ Code string }
	if err := json.Unmarshal(out, &answer); err != nil && !p.yaml {
		t.Fatalf("%s\nprinted no JSON: %v\n%s", line, err, out)
	}
	want, code := 0, ""
	if strings.Contains(line, madeUp) {
		want, code = 1, "not_found"
	}
	if got := cmd.ProcessState.ExitCode(); got != want || answer.Code != code {
		t.Errorf("%s\nexit status %d with code %q, want %d with %q\n%s", line, got, answer.Code, want, code, out)
	}
}

// share puts the examples where one is who has just cloned the repository.
func share(t *testing.T, home string) {
	t.Helper()
	examples, err := filepath.Abs(filepath.Join("..", "examples"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(examples, filepath.Join(home, "examples")); err != nil {
		t.Fatal(err)
	}
}

func furnish(t *testing.T, b *broker) {
	t.Helper()
	for _, request := range [][2]string{
		{"registerTemplate", `{"template_id": "web-server"}`},
		{"registerProviderStrategy", hostsOf("pool-a")},
		{"registerProviderStrategy", hostsOf("pool-b")},
	} {
		status, answer, err := b.ask("POST", "/v1/commands/"+request[0], request[1], nil)
		if err != nil || status != 200 {
			t.Fatalf("%s: %d, %v: %s", request[0], status, err, answer)
		}
	}
}

func hostsOf(pool string) string {
	return `{"strategy_name": "` + pool + `", "provider_type": "static", "strategy_config": {"check": {"kind": "none"}, "hosts": [
		{"name": "1", "address": "127.0.0.1"}, {"name": "2", "address": "127.0.0.1"}]}}`
}
