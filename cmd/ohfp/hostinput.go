package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// pluginInput is the file, empty where there need be none. Who calls a script by
// hand may give --data, or write to stdin. Flags of fields are for people: --data
// takes them.
func (c *client) pluginInput(ctx context.Context, call schedulerCall, flags *pflag.FlagSet) ([]byte, error) {
	if given := fieldFlags(flags); len(given) > 0 {
		return nil, usage("%s: with --file all that is asked stands in the file", strings.Join(given, ", "))
	}
	switch o := c.options; {
	case o.data != "" || o.dataFile != "":
		return soon(ctx, inputWithin, func() ([]byte, error) { data, _, err := c.input(); return data, err })
	case o.file == "" && c.stdinGiven:
		return c.piped(ctx, call)
	case o.file == "":
		return nil, nil
	}
	return soon(ctx, inputWithin, func() ([]byte, error) { return c.inputFile(call) })
}

// fieldFlags are the flags of fields that are given.
func fieldFlags(flags *pflag.FlagSet) (given []string) {
	flags.Visit(func(f *pflag.Flag) {
		if _, field := f.Value.(*fieldFlag); field {
			given = append(given, "--"+f.Name)
		}
	})
	return given
}

func (c *client) inputFile(call schedulerCall) ([]byte, error) {
	data, err := c.readInput(c.options.file)
	if errors.Is(err, fs.ErrNotExist) && !call.input {
		return nil, nil
	}
	if err != nil {
		return nil, usage("--file: %s", err)
	}
	return data, nil
}

// How long input may take. It may be a pipe into which nobody writes, the more so
// when nobody named it, or on a server that does not answer.
const (
	pipedWithin = 2 * time.Second
	inputWithin = 3 * time.Second
)

// errLate is that the time was over.
var errLate = errors.New("the input did not come in time")

// soon reads for so long at most. What is read later is lost with the process.
func soon(ctx context.Context, within time.Duration, read func() ([]byte, error)) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	type input struct {
		data []byte
		err  error
	}
	got := make(chan input, 1)
	go func() {
		data, err := read()
		got <- input{data, err}
	}()
	select {
	case in := <-got:
		return in.data, in.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %s are over", errLate, within)
	}
}

// piped reads stdin.
func (c *client) piped(ctx context.Context, call schedulerCall) ([]byte, error) {
	data, err := soon(ctx, pipedWithin, func() ([]byte, error) { return c.readInput("-") })
	switch {
	case err == nil:
		return data, nil
	case !errors.Is(err, errLate):
		return nil, usage("stdin: %s", err)
	case !call.input:
		return nil, nil
	}
	return nil, usage("there is no input: name a file with -f, or write it to stdin within %s", pipedWithin)
}

func refusedInput(err error) error {
	e := fault.As(err)
	return usage("%s", firstOf(e.Detail, err.Error()))
}

// scriptKeys is the namespace of the idempotency keys of scripts.
var scriptKeys = uuid.MustParse("7a1c2b7e-52f1-5a0b-9c6d-6f0e6a3b9d41")

// pluginKey is the same for a call that is made again with the same file: by
// whom, which file, when it was written, and what is in it.
func (c *client) pluginKey(instance string, data []byte) string {
	info, err := os.Stat(c.options.file)
	path, perr := filepath.Abs(c.options.file)
	if c.options.file == "" || c.options.file == "-" || err != nil || perr != nil {
		return c.newKey()
	}
	at := strconv.FormatInt(info.ModTime().UnixNano(), 10)
	return uuid.NewSHA1(scriptKeys, append([]byte(instance+"\n"+path+"\n"+at+"\n"), data...)).String()
}
