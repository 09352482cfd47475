package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Schedulers drop what a script writes to stderr, and often what its answer says.
// So each call that is not served leaves a line where the scheduler keeps logs.

const (
	hostLogName = "ohfp.log"
	maxHostLog  = 1 << 20 // bytes; then it becomes ohfp.log.1, and that one goes
)

// hostNote is a line of that log.
type hostNote struct {
	Time       time.Time `json:"time"`
	Level      string    `json:"level"`
	Message    string    `json:"msg"`
	Instance   string    `json:"instance,omitempty"` // of the provider
	File       string    `json:"file,omitempty"`     // that was given as the input
	DurationMS int64     `json:"duration_ms"`
	PID        int       `json:"pid"`
	Error      string    `json:"error"`
}

// hostLogPath is where the scheduler that calls wants logs; "" where none says.
func (c *client) hostLogPath() string {
	dir := firstOf(c.env("HF_PROVIDER_LOGDIR"), c.env("PRO_LSF_LOGDIR"))
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, hostLogName)
}

// noteFailure writes the line, when the answer is out already.
func (c *client) noteFailure(what string) error {
	path := c.hostLogPath()
	if path == "" {
		return nil
	}
	operation := "a call"
	if len(c.args) > 0 {
		operation = c.args[0]
	}
	now := c.now()
	line, err := json.Marshal(hostNote{
		Time: now.UTC(), Level: "ERROR", Message: operation + " was not served", Instance: c.scheduler().instance,
		File: c.options.file, DurationMS: now.Sub(c.began).Milliseconds(), PID: os.Getpid(), Error: what,
	})
	if err != nil {
		return err
	}
	return appendBounded(path, append(line, '\n'))
}

// appendBounded adds a line to a log in one write, so that those of several
// processes do not mix, and makes room before it has more than maxHostLog bytes.
func appendBounded(path string, line []byte) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file", path) // to open a pipe may take for ever
	case info.Size()+int64(len(line)) > maxHostLog:
		if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644) //nolint:gosec // read by whoever looks after the scheduler
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}
