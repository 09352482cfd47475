package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"
)

// version is set by the linker; without it the build information is shown.
var version = ""

// Exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // flags or configuration
)

// world is what the process is given.
type world struct {
	args           []string
	getenv         func(string) string
	stdout, stderr io.Writer
	terminal       bool // stderr is one
}

func main() {
	os.Exit(run(world{
		args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}))
}

// run carries out the command line and returns the exit status.
func run(w world) int {
	ctx, stop := untilSignal(context.Background())
	defer stop()
	err := rootCommand(w).ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(w.stderr, "ohfpd: %s\n", oneLine(err))
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// untilSignal ends the context at the first SIGINT or SIGTERM. By then the
// next one ends the process at once.
func untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-heard:
		case <-ctx.Done():
		}
		signal.Stop(heard)
		cancel()
	}()
	return ctx, cancel
}
