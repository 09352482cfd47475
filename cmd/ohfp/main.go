package main

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/google/uuid"
	"golang.org/x/term"
)

// version is set by the linker.
var version = "development"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, operatingSystem(), operations())
	stop()
	os.Exit(code)
}

// operatingSystem is the process as it was started.
func operatingSystem() process {
	return process{
		args: os.Args[1:], env: os.Getenv, environ: os.Environ,
		stdin: os.Stdin, stdinGiven: given(os.Stdin), stdout: os.Stdout, stderr: os.Stderr,
		stdoutTTY: term.IsTerminal(int(os.Stdout.Fd())), stderrTTY: term.IsTerminal(int(os.Stderr.Fd())),
		width: terminalWidth(), now: time.Now, pause: pause, newKey: uuid.NewString,
	}
}

// given reports whether something may be read from f: it is a file or a pipe.
func given(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeNamedPipe != 0)
}

// terminalWidth is that of stdout. Where stdout is no terminal, COLUMNS may say
// how wide the reader is; 0 is no bound.
func terminalWidth() int {
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		return w
	}
	w, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil {
		return 0
	}
	return max(w, 0)
}

// pause waits for d, or until ctx ends, which is its error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
