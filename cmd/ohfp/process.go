package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// process is all that the client may touch, so that tests can be it.
type process struct {
	args                 []string
	env                  func(string) string
	environ              func() []string // NAME=value
	stdin                io.Reader
	stdinGiven           bool // it is a file or a pipe, from which something may come
	stdout, stderr       io.Writer
	stdoutTTY, stderrTTY bool
	width                int // of the terminal; 0: no bound
	now                  func() time.Time
	pause                func(context.Context, time.Duration) error
	newKey               func() string // an idempotency key never used before
}

// run carries the command line out and returns the exit status.
func run(ctx context.Context, p process, ops []op.Described) int {
	c := &client{process: p, ops: ops, began: p.now()}
	c.hosting = c.asPlugin()
	err := c.execute(ctx)
	if err == nil {
		return fault.ExitDone
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = usage("%s", err)
	}
	if c.hosting {
		return c.reportToScheduler(f)
	}
	return c.report(f)
}

// report writes the failure's document to stdout, one line to stderr, and
// returns the exit status.
func (c *client) report(f *failure) int {
	if f.document != nil {
		if err := c.print(f.document); err != nil {
			fmt.Fprintln(c.stderr, "ohfp: writing the answer:", oneLine(err.Error()))
			return f.exit
		}
	}
	fmt.Fprintln(c.stderr, "ohfp: "+oneLine(f.line))
	return f.exit
}

// oneLine keeps what others said on the one line that stderr has.
func oneLine(s string) string { return strings.Join(strings.Fields(show.Printable(s)), " ") }

// print writes a document to stdout in the format asked for.
func (c *client) print(document []byte) error {
	format := c.format()
	if c.options.explain && format == show.Table {
		return explainTo(c.stdout, document)
	}
	return show.Print(c.stdout, document, show.Options{
		Format: format, Width: c.width, Now: c.now(),
		Color: c.stdoutTTY && c.env("NO_COLOR") == "" && c.env("TERM") != "dumb",
	})
}

// format is what was asked for; a table for people and JSON for programs when
// nothing was, or nothing that can be.
func (c *client) format() string {
	for _, f := range show.Formats() {
		if strings.EqualFold(c.options.format, f) {
			return f
		}
	}
	if c.stdoutTTY || c.options.explain {
		return show.Table
	}
	return show.JSON
}
