package openapi

import (
	"encoding/json"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// builder collects the named schemas that the document refers to.
type builder struct {
	names    map[string]*wire.Schema // components by name
	requests map[string]bool         // names that appear in a request: closed to other keys
}

const schemaRef = "#/components/schemas/"

// ref returns how s is spoken of: by name when its Go type has one.
func (b *builder) ref(s *wire.Schema) members {
	if s.Type != wire.Object {
		return b.inline(s)
	}
	if s.Go.Name() == "" {
		return b.object(s, false)
	}
	return members{{"$ref", schemaRef + b.name(s)}}
}

// name returns the component name of an object, and notes that it is needed.
// A name that two packages use is told apart by the package.
func (b *builder) name(s *wire.Schema) string {
	name := strings.ToUpper(s.Go.Name()[:1]) + s.Go.Name()[1:]
	if other, taken := b.names[name]; taken && other.Go != s.Go || name == "Problem" {
		pkg := path.Base(s.Go.PkgPath())
		name = strings.ToUpper(pkg[:1]) + pkg[1:] + name
	}
	b.names[name] = s
	return name
}

// markRequests walks the request types first: a type that is both asked and
// answered has the rules of a request.
func (b *builder) markRequests(ops []op.Described) {
	for _, o := range ops {
		if len(op.Routes(o.Describe())) > 0 {
			in, _ := o.Types()
			b.mark(wire.SchemaOf(in))
		}
	}
}

func (b *builder) mark(s *wire.Schema) {
	if s.Items != nil {
		b.mark(s.Items)
	}
	if s.Type != wire.Object {
		return
	}
	if s.Go.Name() != "" {
		name := b.name(s)
		if b.requests[name] {
			return
		}
		b.requests[name] = true
	}
	for _, f := range s.Fields {
		b.mark(f.Schema)
	}
}

// components writes what was referred to; writing one may refer to more.
func (b *builder) components() members {
	problem := b.problem()
	done := map[string]members{}
	for len(done) < len(b.names) {
		for _, name := range slices.Sorted(maps.Keys(b.names)) {
			if _, ok := done[name]; !ok {
				done[name] = b.object(b.names[name], b.requests[name])
			}
		}
	}
	done["Problem"] = problem
	var schemas members
	for _, name := range slices.Sorted(maps.Keys(done)) {
		schemas.add(name, done[name])
	}
	return append(members{{"schemas", schemas}}, fixed()...)
}

func (b *builder) problem() members {
	p := b.object(wire.SchemaOf(reflect.TypeFor[op.ProblemDocument]()), false)
	codes := make([]string, 0, len(fault.Codes()))
	for _, c := range fault.Codes() {
		codes = append(codes, string(c))
	}
	for i, m := range p {
		if m.name != "properties" {
			continue
		}
		properties, _ := m.value.(members)
		for j, f := range properties {
			if f.name == "code" {
				properties[j].value = members{{"type", "string"}, {"description", "For machines; stable."}, {"enum", codes}}
			}
		}
		p[i].value = properties
	}
	return append(p, member{"description", "A failure, RFC 9457. Some codes add members: attempts, candidates, the current version."})
}

// object writes a struct. A request is closed to other keys and requires what
// its tags require; an answer holds what is never left out.
func (b *builder) object(s *wire.Schema, request bool) members {
	var properties members
	required := []string{}
	for _, f := range s.Fields {
		if f.Planned != "" {
			continue
		}
		properties.add(f.Name, b.field(f, !request))
		if request && f.Required || !request && !f.Omitted {
			required = append(required, f.Name)
		}
	}
	m := members{{"type", "object"}}
	if len(properties) > 0 {
		m.add("properties", properties)
	}
	if len(required) > 0 {
		m.add("required", required)
	}
	if request {
		m.add("additionalProperties", false)
	}
	return m
}

// field writes a field with its rules. In an answer null stands for a nil that
// is not left out.
func (b *builder) field(f *wire.Field, answer bool) members {
	var m members
	null := answer && f.Schema.Nullable && !f.Omitted && f.Schema.Type != wire.Any
	switch {
	case f.Schema.Type == wire.Object && null:
		m = members{{"anyOf", []members{b.ref(f.Schema), {{"type", "null"}}}}}
	case f.Schema.Type == wire.Object:
		m = b.ref(f.Schema)
	default:
		m = b.inline(f.Schema)
		if null {
			m[0].value = []any{m[0].value, "null"}
		}
		m = rules(m, f)
	}
	m.addText("description", f.Doc)
	if f.Default != nil {
		m.add("default", json.RawMessage(f.Default))
	}
	return m
}

// inline writes a schema that has no name of its own.
func (b *builder) inline(s *wire.Schema) members {
	switch s.Type {
	case wire.Array:
		return members{{"type", "array"}, {"items", b.ref(s.Items)}}
	case wire.Map:
		return members{{"type", "object"}, {"additionalProperties", b.ref(s.Items)}}
	case wire.Object:
		return b.ref(s)
	case wire.Any:
		return members{}
	default:
	}
	m := members{{"type", string(s.Type)}}
	if s.Time {
		m.add("format", "date-time")
	}
	if s.Enum != nil {
		m.add("enum", s.Enum)
	}
	return m
}

// nameFormat is the pattern behind the format "name".
const nameFormat = `^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`

// rules adds the rules of a field: lengths to the value, the others to the
// items of a list or map.
func rules(m members, f *wire.Field) members {
	m = append(m, lengths(f)...)
	if f.Schema.Items == nil {
		return append(m, bounds(f)...)
	}
	items, _ := m[1].value.(members)
	m[1].value = append(items, bounds(f)...)
	return m
}

func lengths(f *wire.Field) (m members) {
	low, high := "minLength", "maxLength"
	switch f.Schema.Type {
	case wire.Array:
		low, high = "minItems", "maxItems"
	case wire.Map:
		low, high = "minProperties", "maxProperties"
	default:
	}
	if f.Rules.MinLen != nil {
		m.add(low, *f.Rules.MinLen)
	}
	if f.Rules.MaxLen != nil {
		m.add(high, *f.Rules.MaxLen)
	}
	return m
}

func bounds(f *wire.Field) (m members) {
	if f.Rules.Min != nil {
		m.add("minimum", *f.Rules.Min)
	}
	if f.Rules.Max != nil {
		m.add("maximum", *f.Rules.Max)
	}
	if f.Rules.Format == wire.FormatName {
		m.add("pattern", nameFormat)
	}
	if f.Rules.Enum != nil {
		m.add("enum", f.Rules.Enum)
	}
	return m
}
