package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// maxInput bounds what is read from a file or stdin: more than any operation
// takes, so that the broker's own answer is the one that is seen.
const maxInput = 8 << 20

// body makes the request: --data, --data-file or --file, and the flags of the
// fields over it.
func (c *client) body(flags *pflag.FlagSet) ([]byte, error) {
	data, from, err := c.input()
	if err != nil {
		return nil, err
	}
	data = bytes.TrimSpace(wire.StripComments(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	if len(data) == 0 {
		data = []byte("{}")
	}
	if _, err := wire.Canonical(data); err != nil {
		return nil, malformed(from, err)
	}
	if data[0] != '{' {
		return nil, usage("%s: want a JSON object", from)
	}
	return merge(data, from, flags)
}

// input returns what was given as the request, and the flag that gave it.
func (c *client) input() (data []byte, from string, err error) {
	o := c.options
	given := 0
	for flag, value := range map[string]string{"--data": o.data, "--data-file": o.dataFile, "--file": o.file} {
		if value != "" {
			given, from = given+1, flag
		}
	}
	switch {
	case given > 1:
		return nil, "", usage("--data, --data-file and --file exclude one another")
	case o.data != "" && o.data != "-":
		return []byte(o.data), from, nil
	case given == 0:
		return nil, "--data", nil
	}
	data, err = c.readInput(o.data + o.dataFile + o.file)
	if err != nil {
		return nil, "", usage("%s: %s", from, err)
	}
	return data, from, nil
}

func (c *client) readInput(name string) ([]byte, error) {
	in := c.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // read only: nothing can be lost
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxInput)
	}
	return data, nil
}

// merge adds the fields given as flags to an object. A field given twice must
// be the same both times.
func merge(data []byte, from string, flags *pflag.FlagSet) ([]byte, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, usage("%s: %s", from, err)
	}
	var errs []error
	empty := len(object) == 0
	data = bytes.TrimSpace(data[:len(data)-1])
	flags.Visit(func(flag *pflag.Flag) {
		f, ok := flag.Value.(*fieldFlag)
		if !ok {
			return
		}
		value, err := f.literal()
		if err != nil {
			errs = append(errs, usage("--%s: %s", flag.Name, err))
			return
		}
		if there, ok := object[f.field.Name]; ok {
			errs = append(errs, same(flag.Name, from, there, value))
			return
		}
		if !empty {
			data = append(data, ',')
		}
		empty = false
		data = fmt.Appendf(data, "%q:%s", f.field.Name, value)
	})
	return append(data, '}'), errors.Join(errs...)
}

// same refuses a flag that contradicts the request.
func same(flag, from string, there, value json.RawMessage) error {
	a, err := wire.Canonical(there)
	if err != nil {
		return malformed(from, err)
	}
	b, err := wire.Canonical(value)
	if err != nil {
		return malformed("--"+flag, err)
	}
	if !bytes.Equal(a, b) {
		return usage("--%s and %s give different values: %s and %s", flag, from, b, a)
	}
	return nil
}
