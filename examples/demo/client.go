package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/examples/site"
)

// client runs ohfp as a user does.
type client struct {
	path string
	dir  string // where it is run
	env  []string
	out  *screen
}

// patience bounds one command.
const patience = 2 * time.Minute

// at points later commands to a broker.
func (c *client) at(endpoint, tokenFile string) {
	c.env = append(site.Environ(), "HOME="+c.dir, "XDG_CONFIG_HOME=", "OHFP_ENDPOINT="+endpoint, "OHFP_TOKEN_FILE="+tokenFile,
		"COLUMNS="+strconv.Itoa(c.out.width)) // it writes into a pipe and cannot see the terminal
}

// answer is what one command printed and how it ended.
type answer struct {
	line   string // as typed
	stdout string
	stderr string
	status int
}

// show runs a command for the eye: as a table, printed with the line that was
// typed.
func (c *client) show(ctx context.Context, args ...string) (answer, error) {
	line := "ohfp " + shellQuote(args)
	c.out.command(line)
	a, err := c.run(ctx, append(args, "--format", "table")...)
	c.out.output(a.stdout)
	c.out.output(a.stderr)
	a.line = line
	return a, err
}

// ask runs a command for its JSON and decodes it into v. It must end with
// status 0.
func (c *client) ask(ctx context.Context, v any, args ...string) error {
	a, err := c.run(ctx, append(args, "--format", "json")...)
	if err != nil {
		return err
	}
	if err := a.ended(0); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(a.stdout), v); err != nil {
		return fmt.Errorf("reading the answer of %q: %w\n%s", a.line, err, a.stdout)
	}
	return nil
}

func (c *client) run(ctx context.Context, args ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	a := answer{line: "ohfp " + shellQuote(args), stdout: stdout.String(), stderr: stderr.String(), status: cmd.ProcessState.ExitCode()}
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return a, fmt.Errorf("running %q: %w", a.line, err)
	}
	return a, ctx.Err()
}

// ended checks the exit status.
func (a answer) ended(want int) error {
	if a.status == want {
		return nil
	}
	return fmt.Errorf("expected %q to end with status %d, saw %d\nstdout: %s\nstderr: %s", a.line, want, a.status, a.stdout, a.stderr)
}

var operationID = regexp.MustCompile(`(?i)operation[ _]id\W+([0-9a-z][0-9a-z-]{7,})`)

// operation finds the id of the operation in what was printed.
func (a answer) operation() (string, error) {
	m := operationID.FindStringSubmatch(a.stdout + a.stderr)
	if m == nil {
		return "", fmt.Errorf("expected %q to print an operation_id, saw:\n%s%s", a.line, a.stdout, a.stderr)
	}
	return m[1], nil
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=-]+$`)

// shellQuote writes arguments so that a shell reads them as they are.
func shellQuote(args []string) string {
	quoted := make([]string, len(args))
	for i, a := range args {
		if plainWord.MatchString(a) {
			quoted[i] = a
			continue
		}
		quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
