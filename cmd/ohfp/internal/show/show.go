package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
)

// The formats.
const (
	JSON  = "json"
	YAML  = "yaml"
	Table = "table"
)

// Formats lists them.
func Formats() []string { return []string{Table, JSON, YAML} }

// Options says how to print.
type Options struct {
	Format string
	Width  int       // columns of the terminal; 0: no bound
	Color  bool      // tables only
	Now    time.Time // times of its day are shown without the date, in its zone
}

// Print writes one JSON document in the format asked for. JSON keeps numbers
// and keys to the letter; a document that is no JSON is an error.
func Print(w io.Writer, document []byte, o Options) error {
	switch o.Format {
	case Table:
		return printTable(w, document, o)
	case YAML:
		return printYAML(w, document)
	default:
		return printJSON(w, document)
	}
}

func printJSON(w io.Writer, document []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(document), "", "  "); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}

func printYAML(w io.Writer, document []byte) error {
	v, err := read(document)
	if err != nil {
		return err
	}
	out, err := yaml.MarshalWithOptions(v.plain(), yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("writing YAML: %w", err)
	}
	_, err = w.Write(out)
	return err
}

// plain turns v into what go-yaml writes in the same order.
func (v value) plain() any {
	switch v.kind {
	case null:
		return nil
	case boolean:
		return v.text == "true"
	case number:
		return plainNumber(v.text)
	case word:
		return v.text
	case list:
		out := make([]any, len(v.elems))
		for i, e := range v.elems {
			out[i] = e.plain()
		}
		return out
	default:
		out := make(yaml.MapSlice, len(v.elems))
		for i, e := range v.elems {
			out[i] = yaml.MapItem{Key: v.keys[i], Value: e.plain()}
		}
		return out
	}
}

// plainNumber keeps integers exact; others are floats in YAML too.
func plainNumber(literal string) any {
	if n, err := strconv.ParseInt(literal, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseUint(literal, 10, 64); err == nil {
		return n
	}
	if n, err := strconv.ParseFloat(literal, 64); err == nil {
		return n
	}
	return literal
}
