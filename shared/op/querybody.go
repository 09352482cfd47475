package op

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// QueryBody turns the flat parameters of a GET into the body that a POST would
// have: words typed by the schema of t, lists by repetition or comma, objects
// as JSON. What it returns is still to be decoded, which checks the values.
//
// Errors are invalid_request: a parameter that t does not have, one given
// twice, and a value that is not of its type.
func QueryBody(params map[string][]string, t reflect.Type) ([]byte, error) {
	s := wire.SchemaOf(t)
	body := map[string]json.RawMessage{}
	var wrong []fault.Field
	for _, name := range slices.Sorted(maps.Keys(params)) {
		value, message := param(s, name, params[name])
		if message != "" {
			wrong = append(wrong, fault.Field{Field: name, Message: message})
			continue
		}
		body[name] = value
	}
	if len(wrong) > 0 {
		return nil, &fault.Error{Code: fault.InvalidRequest, Detail: details(wrong), Fields: wrong}
	}
	return encode(body)
}

func details(fields []fault.Field) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return strings.Join(parts, "; ")
}

func param(s *wire.Schema, name string, given []string) (json.RawMessage, string) {
	f := s.Field(name)
	if f == nil {
		return nil, s.Unknown(name)
	}
	value, err := Literal(f.Schema, given)
	if err != nil {
		return nil, err.Error()
	}
	return value, ""
}

// Literal turns what was typed for a field into JSON of the field's type:
// numbers and booleans as they are, lists by repetition or comma, objects from
// JSON. A boolean that is given no text is true. The error says what is wanted.
func Literal(s *wire.Schema, given []string) (json.RawMessage, error) {
	if s.Type == wire.Array {
		return listLiteral(s.Items, given)
	}
	if len(given) != 1 {
		return nil, fmt.Errorf("given %d times", len(given))
	}
	return scalar(s, given[0])
}

func listLiteral(item *wire.Schema, given []string) (json.RawMessage, error) {
	out := []json.RawMessage{}
	for _, g := range given {
		if text := strings.TrimSpace(g); strings.HasPrefix(text, "[") {
			var items []json.RawMessage
			if err := json.Unmarshal([]byte(text), &items); err != nil {
				return nil, fmt.Errorf("want a list in JSON: %w", err)
			}
			out = append(out, items...)
			continue
		}
		for _, word := range words(item, g) {
			v, err := scalar(item, word)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	return encode(out)
}

// words splits at commas what has no commas of its own.
func words(item *wire.Schema, given string) []string {
	switch item.Type {
	case wire.Object, wire.Map, wire.Any, wire.Array:
		return []string{given}
	default:
	}
	if given == "" {
		return nil
	}
	parts := strings.Split(given, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

func scalar(s *wire.Schema, text string) (json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("is not UTF-8")
	}
	switch s.Type {
	case wire.String:
		return encode(text)
	case wire.Boolean:
		return truth(text)
	case wire.Integer, wire.Number:
		if !isNumber(text) {
			return nil, fmt.Errorf("want %s, got %q", article(s.Type), text)
		}
		return json.RawMessage(text), nil
	case wire.Any:
		if !json.Valid([]byte(text)) {
			return encode(text)
		}
		return json.RawMessage(text), nil
	default:
		if !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("want %s in JSON", article(s.Type))
		}
		return json.RawMessage(text), nil
	}
}

func truth(text string) (json.RawMessage, error) {
	switch strings.ToLower(text) {
	case "", "true", "1":
		return json.RawMessage("true"), nil
	case "false", "0":
		return json.RawMessage("false"), nil
	}
	return nil, fmt.Errorf("want true or false, got %q", text)
}

// isNumber reports whether text is a number as JSON writes it, and only that.
func isNumber(text string) bool {
	return text != "" && bytes.ContainsRune([]byte("-0123456789"), rune(text[0])) && json.Valid([]byte(text)) &&
		strings.TrimSpace(text) == text
}

func article(t wire.Type) string {
	switch t {
	case wire.Integer:
		return "an integer"
	case wire.Number:
		return "a number"
	case wire.Array:
		return "a list"
	default:
		return "an object"
	}
}
