package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Broker is an ohfpd process: started, killed, and started again on the same
// directory and at the same address. Its methods are called by one goroutine.
type Broker struct {
	Path   string // of the binary
	Dir    string // data directory
	Listen string // address; port 0 takes a free one at the first start, and keeps it

	Args []string // further flags
	Env  []string // NAME=value, over [Environ]

	cmd    *exec.Cmd
	exited chan struct{} // closed once cmd has ended
	ended  error         // how; set before exited is closed
}

// How long a start and an end may take.
const (
	startup    = time.Minute
	stopWithin = time.Minute
)

// Start runs the daemon and waits until it answers; it returns after how long.
// What it logs goes to a file beside its directory.
func (b *Broker) Start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := b.launch(); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	for !b.answers(ctx) {
		select {
		case <-b.exited:
			return 0, fmt.Errorf("ohfpd ended instead of serving: %w\n%s", b.ended, b.Log(20))
		case <-ctx.Done():
			return 0, fmt.Errorf("ohfpd did not answer within %s", startup)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return time.Since(began), nil
}

func (b *Broker) launch() error {
	log, err := os.OpenFile(b.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening ohfpd's log: %w", err)
	}
	cmd := exec.Command(b.Path, append([]string{"--listen", b.Listen, "--data-dir", b.Dir}, b.Args...)...) //nolint:noctx // it lives until Kill, not until a caller's context ends
	cmd.Env = append(Environ(), "HOME="+filepath.Dir(b.Dir), "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
	cmd.Env = append(cmd.Env, b.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := errors.Join(cmd.Start(), log.Close()); err != nil { // the process has its own handle
		return fmt.Errorf("starting ohfpd: %w", err)
	}
	b.cmd, b.exited = cmd, make(chan struct{})
	go func() {
		b.ended = cmd.Wait()
		close(b.exited)
	}()
	return nil
}

// Environ is this process's environment without what sets a broker or a client
// for whoever runs this.
func Environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OHFP_") || strings.HasPrefix(v, "HF_") })
}

func (b *Broker) logFile() string { return b.Dir + ".log" }

// answers reports whether the daemon serves at the address in its endpoint
// file, and keeps that address for the next start.
func (b *Broker) answers(ctx context.Context) bool {
	raw, err := os.ReadFile(filepath.Join(b.Dir, "endpoint"))
	if err != nil {
		return false // not written yet
	}
	endpoint := strings.TrimSpace(string(raw))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/healthz", http.NoBody)
	if err != nil {
		return false // half written
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	b.Listen = req.URL.Host
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Endpoint is where it serves.
func (b *Broker) Endpoint() string { return "http://" + b.Listen }

// TokenFile holds the token that it made.
func (b *Broker) TokenFile() string { return filepath.Join(b.Dir, "token") }

// Command is the line that starts it.
func (b *Broker) Command() string {
	return fmt.Sprintf("ohfpd --listen %s --data-dir %s &", b.Listen, b.Dir)
}

// Kill ends the daemon with SIGKILL: it can neither finish nor tidy up
// anything. It returns once the process is gone; a daemon that does not run is
// no error.
func (b *Broker) Kill() error {
	if b.cmd == nil || b.cmd.Process == nil {
		return nil
	}
	if err := b.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing ohfpd: %w", err)
	}
	<-b.exited
	b.cmd = nil
	return nil
}

// Stop asks the daemon to end, with all that it started, and kills it when it
// has not in time. A daemon that does not run is no error.
func (b *Broker) Stop() error {
	if b.cmd == nil || b.cmd.Process == nil {
		return nil
	}
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping ohfpd: %w", err)
	}
	select {
	case <-b.exited:
		b.cmd = nil
		return nil
	case <-time.After(stopWithin):
		return errors.Join(fmt.Errorf("ohfpd did not stop within %s", stopWithin), b.Kill())
	}
}

// PID is the process, 0 when none runs.
func (b *Broker) PID() int {
	if b.cmd == nil {
		return 0
	}
	return b.cmd.Process.Pid
}

// Log returns the last lines that it wrote.
func (b *Broker) Log(lines int) string {
	raw, err := os.ReadFile(b.logFile())
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
