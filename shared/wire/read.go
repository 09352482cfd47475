package wire

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// reader turns Go types into schemas; a type that contains itself meets its
// own unfinished schema.
type reader struct {
	reading  map[reflect.Type]*Schema
	pointers []pointer
}

// pointer is a schema that was copied from one that may have been unfinished.
type pointer struct {
	to   reflect.Type
	copy *Schema
}

// finish gives each pointer what its element had become in the end.
func (r *reader) finish() {
	for _, p := range r.pointers {
		*p.copy = *r.reading[p.to]
		p.copy.Nullable = true
	}
}

var (
	timeType  = reflect.TypeFor[time.Time]()
	rawType   = reflect.TypeFor[json.RawMessage]()
	ownJSON   = reflect.TypeFor[json.Unmarshaler]()
	ownText   = reflect.TypeFor[encoding.TextUnmarshaler]()
	asJSON    = reflect.TypeFor[json.Marshaler]()
	durations = reflect.TypeFor[time.Duration]()
)

func (r *reader) read(t reflect.Type) *Schema {
	if s, ok := r.reading[t]; ok {
		return s
	}
	s := &Schema{Go: t}
	r.reading[t] = s
	switch {
	case t.Kind() == reflect.Pointer:
		r.read(t.Elem())
		r.pointers = append(r.pointers, pointer{t.Elem(), s})
		*s = *r.reading[t.Elem()]
		s.Nullable = true
	case t == timeType:
		s.Type, s.Time = String, true
	case t == rawType:
		s.Type, s.Nullable = Any, true
	case reflect.PointerTo(t).Implements(ownJSON), t.Implements(asJSON):
		s.Type, s.Coded = Any, true
	case reflect.PointerTo(t).Implements(ownText):
		s.Type, s.Coded = String, true
	default:
		r.readKind(s, t)
	}
	return s
}

func (r *reader) readKind(s *Schema, t reflect.Type) {
	switch t.Kind() {
	case reflect.Slice:
		s.Type, s.Nullable, s.Items = Array, true, r.read(t.Elem())
		if t.Elem().Kind() == reflect.Uint8 {
			s.errs = append(s.errs, fmt.Errorf("%v would be base64 on the wire: use a string", t))
		}
	case reflect.Map:
		s.Type, s.Nullable, s.Items = Map, true, r.read(t.Elem())
		if t.Key().Kind() != reflect.String {
			s.errs = append(s.errs, fmt.Errorf("%v: the keys of a map must be strings", t))
		}
	case reflect.Struct:
		s.Type = Object
		r.readStruct(s, t)
	case reflect.Interface:
		s.Type, s.Nullable = Any, true
	default:
		s.readScalar(t)
	}
}

func (s *Schema) readScalar(t reflect.Type) {
	switch t.Kind() {
	case reflect.Bool:
		s.Type = Boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		s.Type, s.Bits = Integer, t.Bits()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		s.Type, s.Bits, s.Unsigned = Integer, t.Bits(), true
	case reflect.Float32, reflect.Float64:
		s.Type = Number
	case reflect.String:
		s.Type, s.Enum = String, values(t)
	default:
		s.Type = Any
		s.errs = append(s.errs, fmt.Errorf("%v has no shape on the wire", t))
	}
}

// values returns what a type's Values method lists.
func values(t reflect.Type) []string {
	lister, ok := reflect.Zero(t).Interface().(interface{ Values() []string })
	if !ok {
		return nil
	}
	return lister.Values()
}

func (r *reader) readStruct(s *Schema, t reflect.Type) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" && options == "":
		case f.Anonymous && name == "":
			r.flatten(s, f, i)
		case f.IsExported():
			s.addField(r.field(s, f, name, options), []int{i})
		}
	}
}

// flatten takes over the fields of an embedded struct. A name of the outer
// struct wins, as in encoding/json.
func (r *reader) flatten(s *Schema, f reflect.StructField, i int) {
	inner := r.read(f.Type)
	s.errs = append(s.errs, inner.errs...)
	if inner.Type != Object {
		s.errs = append(s.errs, fmt.Errorf("%v: %s is embedded and no struct", s.Go, f.Name))
		return
	}
	for _, promoted := range inner.Fields {
		own := *promoted
		s.addField(&own, append([]int{i}, promoted.index...))
	}
}

// addField keeps the shallower of two fields with one name; two equally deep
// ones are malformed.
func (s *Schema) addField(f *Field, index []int) {
	f.index = index
	for i, other := range s.Fields {
		if other.Name != f.Name {
			continue
		}
		if len(other.index) == len(index) {
			s.errs = append(s.errs, fmt.Errorf("%v has %q twice", s.Go, f.Name))
		} else if len(index) < len(other.index) {
			s.Fields[i] = f
		}
		return
	}
	s.Fields = append(s.Fields, f)
	inner := f.Schema.Type == Object && !f.Schema.Nullable && f.Schema.defaults
	s.defaults = s.defaults || f.Default != nil || inner
}
