package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// Bounds of a file: far above what people write, far below what hurts.
const (
	maxDepth = 64
	maxNodes = 200_000 // an alias counts as all that it stands for
)

// Error is what is wrong with a document, and where.
type Error struct {
	Line    int // from 1; 0: the whole of it
	Message string
}

// Error is the message with the line.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

func wrong(line int, format string, args ...any) *Error {
	return &Error{Line: line, Message: fmt.Sprintf(format, args...)}
}

// Parse reads a file: JSON, in which # and // comments may be, when its name
// ends in .json or it is nothing else; otherwise YAML. A file with nothing in
// it is nil. Errors are [*Error].
func Parse(name string, data []byte) (*Node, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	stripped := wire.StripComments(data)
	if strings.EqualFold(filepath.Ext(name), ".json") || json.Valid(stripped) {
		return parseJSON(stripped)
	}
	return parseYAML(data)
}

// budget bounds one file.
type budget struct{ nodes int }

// spend counts a value at a depth.
func (b *budget) spend(line, depth int) error {
	b.nodes++
	switch {
	case depth > maxDepth:
		return wrong(line, "too deep: at most %d levels", maxDepth)
	case b.nodes > maxNodes:
		return wrong(line, "too much: at most %d values", maxNodes)
	}
	return nil
}
