package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// broker is an ohfpd process on a data directory. It is used by one goroutine.
type broker struct {
	dir      string
	endpoint string
	cmd      *exec.Cmd
	exited   chan struct{}
}

// startWithin is generous: the machine may run many tests at once, or stall.
const startWithin = 2 * time.Minute

// launch starts ohfpd, on a free port unless args name one, and waits until it
// answers.
func launch(program, dir string, env []string, args ...string) (*broker, error) {
	// What a killed process left is not this one's.
	if err := os.RemoveAll(filepath.Join(dir, "endpoint")); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	b := &broker{dir: dir, exited: make(chan struct{})}
	b.cmd = exec.Command(program, append([]string{"--listen", "127.0.0.1:0", "--data-dir", dir}, args...)...)
	b.cmd.Env, b.cmd.Stderr = env, log
	if err := errors.Join(b.cmd.Start(), log.Close()); err != nil {
		return nil, err
	}
	go func() {
		defer close(b.exited)
		_ = b.cmd.Wait() // how it ended is read from ProcessState
	}()
	return b, b.awaitAnswer()
}

func (b *broker) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	beat := time.NewTicker(5 * time.Millisecond)
	defer beat.Stop()
	for {
		if at, err := os.ReadFile(filepath.Join(b.dir, "endpoint")); err == nil {
			b.endpoint = strings.TrimSpace(string(at))
			if status, _, err := b.ask(http.MethodGet, "/healthz", "", nil); err == nil && status == http.StatusOK {
				return nil
			}
		}
		select {
		case <-beat.C:
		case <-b.exited:
			return fmt.Errorf("the broker ended instead of serving:\n%s", b.log())
		case <-ctx.Done():
			return fmt.Errorf("the broker did not serve within %s:\n%s", startWithin, b.log())
		}
	}
}

func (b *broker) tokenFile() string { return filepath.Join(b.dir, "token") }

func (b *broker) log() []byte {
	text, err := os.ReadFile(b.dir + ".log")
	if err != nil {
		return []byte(err.Error())
	}
	return text
}

// end sends a signal and returns once the process is gone. It is an error when
// a broker that was asked to stop did not stop well, or ever logged an error.
func (b *broker) end(with syscall.Signal) error {
	if err := b.cmd.Process.Signal(with); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-b.exited
	if with == syscall.SIGTERM && !b.cmd.ProcessState.Success() {
		return fmt.Errorf("the broker ended as %v:\n%s", b.cmd.ProcessState, b.log())
	}
	if log := b.log(); bytes.Contains(log, []byte(`"level":"ERROR"`)) {
		return fmt.Errorf("the broker logged an error:\n%s", log)
	}
	return nil
}

// ask sends a request with the broker's token. Headers replace those that are
// sent anyway; one without a value is left out.
func (b *broker) ask(method, path, body string, header map[string]string) (status int, answer string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, b.endpoint+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	token, err := os.ReadFile(b.tokenFile())
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		replace(req, name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), errors.Join(err, res.Body.Close())
}

func replace(req *http.Request, name, value string) {
	switch {
	case strings.EqualFold(name, "Host"):
		req.Host = value
	case value == "":
		req.Header.Del(name)
	default:
		req.Header.Set(name, value)
	}
}

// state is all that a request could have changed: what is registered, the
// templates and the operations.
func (b *broker) state() (string, error) {
	var all strings.Builder
	for _, query := range []string{"listAvailableProviders?include_health=false", "listTemplates", "listOperations"} {
		status, answer, err := b.ask(http.MethodGet, "/v1/queries/"+query, "", nil)
		if err != nil || status != http.StatusOK {
			return "", fmt.Errorf("reading the broker's state: %d %s: %w", status, answer, err)
		}
		all.WriteString(query + ": " + answer + "\n")
	}
	return all.String(), nil
}
