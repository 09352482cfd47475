package main

import (
	"encoding/json"
	"strings"

	"github.com/spf13/pflag"

	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// fieldFlag is a field of a request given as a flag. It keeps what was typed;
// the schema gives it a type when the request is made.
type fieldFlag struct {
	field *wire.Field
	given []string
}

var _ pflag.Value = (*fieldFlag)(nil)

// String is what was typed.
func (f *fieldFlag) String() string {
	if f == nil {
		return ""
	}
	return strings.Join(f.given, ",")
}

// Set keeps one more text, and checks that it can be of the field's type.
func (f *fieldFlag) Set(text string) error {
	given := append(f.given[:len(f.given):len(f.given)], text)
	if _, err := op.Literal(f.field.Schema, given); err != nil {
		return err
	}
	f.given = given
	return nil
}

// Type is what the help calls the value.
func (f *fieldFlag) Type() string { return typeName(f.field.Schema) }

// literal is the value as JSON.
func (f *fieldFlag) literal() (json.RawMessage, error) { return op.Literal(f.field.Schema, f.given) }

// typeName is a type as people say it.
func typeName(s *wire.Schema) string {
	switch {
	case s.Type == wire.Array:
		return "list of " + plural(typeName(s.Items))
	case s.Type == wire.Map && s.Items.Type != wire.Any:
		return "object of " + plural(typeName(s.Items))
	case s.Type == wire.Map, s.Type == wire.Object:
		return "object"
	case s.Type == wire.Boolean:
		return "bool"
	case s.Type == wire.Any:
		return "JSON"
	case s.Time:
		return "time"
	case s.Enum != nil:
		return "word"
	}
	return string(s.Type)
}

func plural(s string) string {
	if s == "JSON" || strings.HasPrefix(s, "list") {
		return s
	}
	return s + "s"
}
