package op

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// TypedOperation can also be called with its type at the end of the path, so
// that a gateway in front can allow some types and not others.
const TypedOperation = "executeProviderOperation"

const typeField = "operation_type"

var errNoObject = errors.New("not an object")

// TypeInPath returns the type at the end of a typed operation's path, in upper
// case. Whether there is such a type is the operation's business.
func TypeInPath(path string) (string, bool) {
	kind, found := strings.CutPrefix(path, CommandPath+TypedOperation+"/")
	if !found || !typeName(kind) {
		return "", false
	}
	return strings.ToUpper(kind), true
}

// typeName reports whether s could be an operation type, and so needs no
// escaping in JSON.
func typeName(s string) bool {
	letter := func(c rune) bool { return c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool { return !letter(c) })
}

// WithType puts the type of the path into a body without one; "" changes
// nothing. A body that names another is refused; one that is malformed passes
// unchanged, for the operation to refuse. invalid_request.
func WithType(body []byte, kind string) ([]byte, error) {
	if kind == "" {
		return body, nil
	}
	given, found, err := topLevel(body, typeField)
	if err != nil {
		return body, nil //nolint:nilerr // the operation says what is malformed
	}
	if !found {
		return insertType(body, kind), nil
	}
	if name, ok := given.(string); ok && !strings.EqualFold(name, kind) {
		return nil, fault.Invalid(typeField, "is %q, and the path says %s: leave one of them out", Shortened(name), kind)
	}
	return body, nil
}

// insertType expects an object, or nothing.
func insertType(body []byte, kind string) []byte {
	head := fmt.Sprintf("{%q:%q", typeField, kind)
	rest := bytes.TrimSpace(body)
	if len(rest) == 0 {
		return []byte(head + "}")
	}
	rest = bytes.TrimSpace(rest[1:])
	if rest[0] != '}' {
		head += ","
	}
	return append([]byte(head), rest...)
}

// topLevel returns the value of the first such key of a JSON object. An empty
// body has none.
func topLevel(body []byte, key string) (value any, found bool, err error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	open, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return nil, false, nil
	}
	if err != nil || open != json.Delim('{') {
		return nil, false, fmt.Errorf("reading an object: %w", errors.Join(err, errNoObject))
	}
	for dec.More() {
		name, nameErr := dec.Token()
		if err := errors.Join(nameErr, dec.Decode(&value)); err != nil {
			return nil, false, fmt.Errorf("reading a member: %w", err)
		}
		if name == key {
			return value, true, nil
		}
	}
	_, err = dec.Token() // the closing brace
	return nil, false, err
}
