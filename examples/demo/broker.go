package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// broker is the daemon of the play: started, killed, started again on the
// same directory and at the same address.
type broker struct {
	path   string
	dir    string
	listen string
	cmd    *exec.Cmd
	exited chan error // closed once cmd has ended
	log    bytes.Buffer
}

// startup is how long a start may take.
const startup = 10 * time.Second

// start runs the daemon and waits until it answers; it returns after how long.
func (b *broker) start(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	b.cmd = exec.Command(b.path, "--listen", b.listen, "--data-dir", b.dir) //nolint:noctx // it lives until kill, not until a step's context ends
	b.cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(b.dir), "XDG_CONFIG_HOME=", "XDG_DATA_HOME=")
	b.cmd.Stdout, b.cmd.Stderr = &b.log, &b.log
	if err := b.cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting ohfpd: %w", err)
	}
	b.exited = make(chan error, 1)
	go func(cmd *exec.Cmd, exited chan<- error) { exited <- cmd.Wait(); close(exited) }(b.cmd, b.exited)

	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	for !b.answers(ctx) {
		select {
		case <-b.exited:
			return 0, fmt.Errorf("ohfpd ended instead of serving: %s", b.cmd.ProcessState)
		case <-ctx.Done():
			return 0, fmt.Errorf("ohfpd did not answer within %s", startup)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return time.Since(began), nil
}

// answers reports whether the daemon serves at the address in its endpoint
// file, and keeps that address for the next start.
func (b *broker) answers(ctx context.Context) bool {
	raw, err := os.ReadFile(filepath.Join(b.dir, "endpoint"))
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
	b.listen = req.URL.Host
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

func (b *broker) endpoint() string  { return "http://" + b.listen }
func (b *broker) tokenFile() string { return filepath.Join(b.dir, "token") }

// command is the line that starts it.
func (b *broker) command() string {
	return fmt.Sprintf("ohfpd --listen %s --data-dir %s &", b.listen, b.dir)
}

// kill ends the daemon with SIGKILL: it can neither finish nor tidy up
// anything. It returns once the process is gone; a daemon that does not run is
// no error.
func (b *broker) kill() error {
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

// printLog shows the end of the daemon's log, for a step that failed.
func (b *broker) printLog(out *screen) {
	if b.kill() != nil || b.log.Len() == 0 { // ended first: it writes to the buffer
		return
	}
	lines := strings.Split(strings.TrimSpace(b.log.String()), "\n")
	out.note("the last lines of ohfpd's log:")
	out.output(strings.Join(lines[max(0, len(lines)-20):], "\n"))
}
