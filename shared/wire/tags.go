package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// field reads the tags of one struct field.
func (r *reader) field(s *Schema, sf reflect.StructField, name, options string) *Field {
	if name == "" {
		name = sf.Name
	}
	f := &Field{Name: name, Doc: sf.Tag.Get("doc"), Planned: sf.Tag.Get("planned"), Schema: r.read(sf.Type)}
	t := tags{StructTag: sf.Tag, where: fmt.Sprintf("%v.%s", s.Go, sf.Name)}
	opts := strings.Split(options, ",")
	f.Omitted = slices.Contains(opts, "omitempty") || slices.Contains(opts, "omitzero")
	if slices.Contains(opts, "string") {
		t.fail("json", "the string option is not supported")
	}
	f.Required = t.yes("required")
	f.Rules = Rules{
		Min: t.float("min"), Max: t.float("max"), MinLen: t.length("minlen"), MaxLen: t.length("maxlen"),
		Format: t.Get("format"), Enum: t.words("enum"),
	}
	if f.Required && f.Schema.Type == String && f.Rules.MinLen == nil {
		one := 1 // a required string says something
		f.Rules.MinLen = &one
	}
	f.Default = t.literal(f.Schema)
	t.fit(f)
	s.errs = append(s.errs, t.errs...)
	return f
}

// tags reads one struct tag and remembers what is wrong with it.
type tags struct {
	reflect.StructTag
	where string
	errs  []error
}

func (t *tags) fail(tag, format string, args ...any) {
	t.errs = append(t.errs, fmt.Errorf("%s: tag %s: %s", t.where, tag, fmt.Sprintf(format, args...)))
}

func (t *tags) yes(tag string) bool {
	v, ok := t.Lookup(tag)
	if ok && v != "true" {
		t.fail(tag, "want \"true\" or no tag, got %q", v)
	}
	return v == "true"
}

func (t *tags) float(tag string) *float64 {
	v, ok := t.Lookup(tag)
	if !ok {
		return nil
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil {
		t.fail(tag, "want a number, got %q", v)
	}
	return &n
}

func (t *tags) length(tag string) *int {
	v, ok := t.Lookup(tag)
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		t.fail(tag, "want a count, got %q", v)
	}
	return &n
}

func (t *tags) words(tag string) []string {
	v, ok := t.Lookup(tag)
	if !ok {
		return nil
	}
	words := strings.Split(v, ",")
	if slices.Contains(words, "") {
		t.fail(tag, "has an empty word: %q", v)
	}
	return words
}

// literal returns the default as JSON: bare text for a string.
func (t *tags) literal(s *Schema) json.RawMessage {
	v, ok := t.Lookup("default")
	switch {
	case !ok:
		return nil
	case s.Type == String:
		return appendString(nil, v)
	case !json.Valid([]byte(v)):
		t.fail("default", "want JSON, got %q", v)
		return nil
	}
	return json.RawMessage(v)
}

// fit refuses tags that mean nothing for the field's type, and a default that
// the field's own rules refuse.
func (t *tags) fit(f *Field) {
	item := f.Schema
	if item.Items != nil {
		item = item.Items
	}
	t.fitItem(f.Rules, item.Type)
	long := f.Schema.Type == String || f.Schema.Items != nil
	if (f.Rules.MinLen != nil || f.Rules.MaxLen != nil) && !long {
		t.fail("minlen, maxlen", "for strings, lists and maps only")
	}
	if f.Required && f.Default != nil {
		t.fail("default", "a required field has none")
	}
	t.fitDefault(f)
}

// fitItem looks at the rules for a value, or for each item of a list or map.
func (t *tags) fitItem(r Rules, item Type) {
	if (r.Min != nil || r.Max != nil) && item != Integer && item != Number {
		t.fail("min, max", "for numbers only")
	}
	if (r.Format != "" || r.Enum != nil) && item != String {
		t.fail("format, enum", "for strings only")
	}
	if r.Format != "" && r.Format != FormatName {
		t.fail("format", "unknown format %q", r.Format)
	}
}

func (t *tags) fitDefault(f *Field) {
	if f.Default == nil {
		return
	}
	n, p, err := parse(f.Default, Limits{}.withDefaults())
	if err != nil {
		t.fail("default", "%v", err)
		return
	}
	c := checker{problems: p}
	c.field(f, &n, nil)
	if err := c.err(); err != nil {
		t.fail("default", "%v", err)
	}
	f.Default = c.out
}
