package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// parse returns what a text stands for.
func parse(text string) any {
	if v, err := read([]byte(text)); err == nil && v != nil {
		return v
	}
	return text
}

// render returns the text that stands for v.
func render(v any) (string, error) {
	if s, ok := v.(string); ok {
		if _, plain := parse(s).(string); plain && parse(s) == s {
			return s, nil
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("writing a value: %w", err)
	}
	return string(bytes.TrimSpace(b.Bytes())), nil
}

// read reads one JSON value, with its numbers as they are written.
func read(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading JSON: there is more than one value")
	}
	return v, nil
}

// Plain returns v as JSON has it: objects as maps, numbers as they are written.
func Plain(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return read(data)
}
