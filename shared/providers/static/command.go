package static

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

// job is one run of a command for one host.
type job struct {
	action   string // lease or return
	name     string // of the command
	host     config.Host
	lease    broker.Lease
	userData string
}

// failure is a command that did not succeed: a text for people, and the
// command's own words for logs.
type failure struct {
	message string
	cause   error
}

func (f *failure) Error() string { return f.message }
func (f *failure) Unwrap() error { return f.cause }

// commandsThere checks that the broker's configuration names the commands.
func (d *Driver) commandsThere() error {
	for _, name := range []string{d.config.LeaseCommand, d.config.ReturnCommand} {
		if _, ok := d.Commands[name]; name != "" && !ok {
			return &fault.ProviderError{Class: fault.OfferingConfig, Code: "command", Message: fmt.Sprintf("the command %q is not named in the broker's configuration file", name)}
		}
	}
	return nil
}

// run runs a command to its end, at most for the time that commands have. Its
// error is a *failure.
func (d *Driver) run(ctx context.Context, j job) error {
	argv, ok := d.Commands[j.name]
	if !ok {
		return &failure{message: fmt.Sprintf("the command %q is not named in the broker's configuration file", j.name)}
	}
	path, remove, err := d.userDataFile(j.userData)
	if err != nil {
		return &failure{message: "the file with its user data could not be written", cause: err}
	}
	limited, cancel := context.WithTimeout(ctx, d.CommandTimeout)
	defer cancel()
	var said tail
	cmd := exec.CommandContext(limited, argv[0], argv[1:]...) //nolint:gosec // the operator's own configuration names it
	cmd.Env = append(append([]string{}, d.Environment...), j.environment(d.pool, path)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second // for children that keep the output open
	endGroup(cmd)
	f := outcome(limited, j.name, cmd.Run(), &said)
	if err := remove(); err != nil {
		f = &failure{message: "the file with its user data could not be removed", cause: errors.Join(err, f)}
	}
	return f
}

// outcome returns a *failure, or nil.
func outcome(ctx context.Context, name string, err error, said *tail) error {
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // it succeeded and left a child behind
		return nil
	}
	f := &failure{message: fmt.Sprintf("the command %q could not be started", name), cause: fmt.Errorf("%w: %s", err, said.text)}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		f.message = fmt.Sprintf("the command %q failed: %s", name, exit)
	}
	if ctx.Err() != nil {
		f.message = fmt.Sprintf("the command %q did not end in time", name)
	}
	return f
}

func (j job) environment(pool, userDataFile string) []string {
	env := []string{
		"OHFP_ACTION=" + j.action,
		"OHFP_PROVIDER=" + pool,
		"OHFP_HOST=" + j.lease.Host,
		"OHFP_ADDRESS=" + j.host.Address,
		"OHFP_MACHINE_ID=" + j.lease.MachineID,
		"OHFP_OPERATION_ID=" + j.lease.OperationID,
	}
	if userDataFile != "" {
		env = append(env, "OHFP_USER_DATA_FILE="+userDataFile)
	}
	return env
}

// userDataFile writes user data where only the broker's user reads it; "" when
// there is none.
func (d *Driver) userDataFile(data string) (path string, remove func() error, err error) {
	if data == "" {
		return "", func() error { return nil }, nil
	}
	f, err := os.CreateTemp(d.TempDir, "ohfp-user-data-") // mode 0600
	if err != nil {
		return "", nil, err
	}
	_, err = f.WriteString(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return "", nil, errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), func() error { return os.Remove(f.Name()) }, nil
}

// tail keeps the last of what a command says.
type tail struct{ text []byte }

// maxTail is how much of a command's output is kept, in bytes.
const maxTail = 2048

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	if n := len(t.text) - maxTail; n > 0 {
		t.text = bytes.Clone(t.text[n:])
	}
	return len(p), nil
}
