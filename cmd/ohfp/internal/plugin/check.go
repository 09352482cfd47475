package plugin

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

// Finding is what a script did.
type Finding struct {
	Script     string `json:"script"`
	OK         bool   `json:"ok"`
	Detail     string `json:"detail"`
	DurationMS int64  `json:"duration_ms"`
}

// within is how long a scheduler waits for a script.
const within = 10 * time.Second

// probe is a call that makes and ends nothing, and what its answer must be.
type probe struct {
	operation string
	input     string
	exit      int
	answer    func(map[string]json.RawMessage) error
}

// probes ask for what is not there where a call would change something.
func probes(s hostfactory.Scheduler) []probe {
	s = cmp.Or(s, hostfactory.Symphony)
	return []probe{
		{"getAvailableTemplates", `{}`, 0, both(lists("templates", "templateId", "maxNumber", "attributes"), usable(s))},
		{"requestMachines", `{"template": {"templateId": "ohfp-check-of-a-template-that-is-not-there", "machineCount": 1}}`, 1, refuses},
		{"getRequestStatus", `{"requests": [{"requestId": "ohfp-check"}]}`, 0, lists("requests", "requestId", "status", "message", "machines")},
		{"requestReturnMachines", `{"machines": [{"name": "ohfp-check-of-a-host-that-is-not-there"}]}`, 0, accepts},
		{"getReturnRequests", `{}`, 0, lists("requests", "machine", "machineId", "gracePeriod")},
	}
}

// Check runs the scripts of a directory as a scheduler does, one after the
// other. The time is read from now.
func Check(ctx context.Context, dir string, now func() time.Time) ([]Finding, error) {
	dir, err := filepath.Abs(dir) // as schedulers name it
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", dir, err)
	}
	input, err := os.CreateTemp("", "ohfp-check-*.json")
	if err != nil {
		return nil, fmt.Errorf("making an input file: %w", err)
	}
	defer func() { _ = os.Remove(input.Name()) }() // it holds nothing
	if err := input.Close(); err != nil {
		return nil, fmt.Errorf("making an input file: %w", err)
	}
	var found []Finding
	for _, p := range probes(schedulerOf(dir)) {
		if err := os.WriteFile(input.Name(), []byte(p.input), 0o600); err != nil {
			return found, fmt.Errorf("writing an input file: %w", err)
		}
		began := now()
		f := Finding{Script: filepath.Join(dir, "scripts", p.operation+extension())}
		f.Detail, f.OK = "as it should be", true
		if err := p.run(ctx, f.Script, input.Name()); err != nil {
			f.Detail, f.OK = err.Error(), false
		}
		f.DurationMS = now().Sub(began).Milliseconds()
		found = append(found, f)
	}
	return found, nil
}

func extension() string {
	if runtime.GOOS == "windows" {
		return ".bat"
	}
	return ".sh"
}

// run starts a script and says what is wrong with its answer.
func (p probe) run(ctx context.Context, script, input string) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cmd := exec.CommandContext(ctx, script, "-f", input)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	var ended *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer within %s", within)
	case err != nil && !errors.As(err, &ended):
		return fmt.Errorf("it cannot be started: %w", err)
	}
	answer, err := document(out)
	if err != nil {
		return fmt.Errorf("%w%s", err, said(ended))
	}
	if got := cmd.ProcessState.ExitCode(); got != p.exit {
		return fmt.Errorf("exit status %d, want %d: %s", got, p.exit, bytes.TrimSpace(out))
	}
	return p.answer(answer)
}

// said is how a script without an answer ended, and the last of its stderr.
func said(ended *exec.ExitError) string {
	const most = 200
	if ended == nil {
		return ""
	}
	text := bytes.TrimSpace(ended.Stderr)
	return fmt.Sprintf(": %s: %s", ended, text[max(0, len(text)-most):])
}

// document reads the one object that stdout must hold.
func document(out []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(out))
	var answer map[string]json.RawMessage
	if err := d.Decode(&answer); err != nil {
		return nil, fmt.Errorf("stdout is not a JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("stdout goes on after its JSON document")
	}
	return answer, nil
}

// lists wants a list whose items have these members.
func lists(name string, members ...string) func(map[string]json.RawMessage) error {
	return func(answer map[string]json.RawMessage) error {
		var items []map[string]json.RawMessage
		if err := json.Unmarshal(answer[name], &items); err != nil || items == nil {
			return fmt.Errorf("%q is no list of objects", name)
		}
		for i, item := range items {
			for _, m := range members {
				if _, there := item[m]; !there {
					return fmt.Errorf("%s[%d] has no %q", name, i, m)
				}
			}
		}
		return nil
	}
}

func both(first, second func(map[string]json.RawMessage) error) func(map[string]json.RawMessage) error {
	return func(answer map[string]json.RawMessage) error {
		if err := first(answer); err != nil {
			return err
		}
		return second(answer)
	}
}

func refuses(answer map[string]json.RawMessage) error {
	if _, there := answer["requestId"]; there {
		return errors.New("a refused request has a requestId")
	}
	return text(answer, "message")
}

func accepts(answer map[string]json.RawMessage) error { return text(answer, "requestId") }

// text wants a member that is text and not empty.
func text(answer map[string]json.RawMessage, name string) error {
	var s string
	if err := json.Unmarshal(answer[name], &s); err != nil || s == "" {
		return fmt.Errorf("%q is missing or no text", name)
	}
	return nil
}
