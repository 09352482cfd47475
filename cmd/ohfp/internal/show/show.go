package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"
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
