package wire

import (
	"encoding/json"
	"reflect"
	"sync"
)

// Type is what a value is on the wire.
type Type string

// The types.
const (
	Object  Type = "object" // with the fields of a struct
	Map     Type = "map"    // an object with any keys
	Array   Type = "array"
	String  Type = "string"
	Integer Type = "integer"
	Number  Type = "number"
	Boolean Type = "boolean"
	Any     Type = "any"
)

// Schema is the wire shape of a Go type. It is shared between all who ask for
// the type: nobody changes it.
type Schema struct {
	Type     Type
	Go       reflect.Type // without pointers
	Nullable bool         // null means absent
	Fields   []*Field     // of an Object, in order
	Items    *Schema      // of an Array or Map
	Enum     []string     // of a type that lists its values
	Time     bool         // a String that is an RFC 3339 time
	Bits     int          // of an Integer
	Unsigned bool         // of an Integer
	Coded    bool         // reads itself: the final check is its own

	defaults bool    // some field has one
	errs     []error // malformed tags
}

// Field is one key of an object with the rules of its tags.
type Field struct {
	Name     string
	Doc      string
	Required bool
	Omitted  bool            // may be missing in an answer
	Default  json.RawMessage // nil: none
	Planned  string          // why its presence is refused; "": it is built
	Rules    Rules
	Schema   *Schema

	index []int // for reflect's FieldByIndex
}

// Rules bounds a value; for a list or map, lengths bound the whole and the
// rest each item.
type Rules struct {
	Min, Max       *float64
	MinLen, MaxLen *int     // strings in bytes; lists and maps in items
	Format         string   // "name" or ""
	Enum           []string // nil: any
}

// Field returns the field with that name, or nil.
func (s *Schema) Field(name string) *Field {
	for _, f := range s.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Names returns the keys of an object in order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// Values returns the words that the field accepts, of the tag or the type, for
// lists those of an item; nil: any.
func (f *Field) Values() []string {
	if f.Rules.Enum != nil {
		return f.Rules.Enum
	}
	if f.Schema.Items != nil && f.Schema.Type == Array {
		return f.Schema.Items.Enum
	}
	return f.Schema.Enum
}

// schemas remembers every schema that was read: the tags of a type never
// change, and reading them costs more than a request.
var schemas sync.Map // reflect.Type → *Schema

// SchemaOf returns the schema of t. Malformed tags are reported by
// [Schema.Check], so that a test over all types finds them.
func SchemaOf(t reflect.Type) *Schema {
	known, _ := schemas.Load(t)
	if s, ok := known.(*Schema); ok {
		return s
	}
	r := reader{reading: map[reflect.Type]*Schema{}}
	fresh := r.read(t)
	r.finish()
	known, _ = schemas.LoadOrStore(t, fresh)
	if s, ok := known.(*Schema); ok {
		return s
	}
	return fresh
}
