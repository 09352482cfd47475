package hostfactory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Attribute is the type and the value of an attribute, both as text: what the
// schedulers read. The value of a Boolean is "1" or "0".
type Attribute []string

// The types of attributes.
const (
	typeString  = "String"
	typeNumeric = "Numeric"
	typeBoolean = "Boolean"
)

// Scheduler is which of the two asks.
type Scheduler string

// The schedulers. Their answers differ in little: LSF reads mem where Symphony
// reads nram, and writes the states of machines in upper case.
const (
	Symphony Scheduler = "symphony"
	LSF      Scheduler = "lsf"
)

// Values lists the schedulers.
func (Scheduler) Values() []string { return []string{string(Symphony), string(LSF)} }

// The attributes that a scheduler cannot place work without, where the
// template says nothing of them. Of memory nothing is assumed.
const (
	defaultType = "X86_64"
	oneCPU      = "1"
)

// Attributes are those of a template, as a scheduler reads them.
func Attributes(of map[string]any, s Scheduler) map[string]Attribute {
	out := make(map[string]Attribute, len(of)+4)
	for name, v := range of {
		out[name] = attributeOf(v)
	}
	for _, name := range amounts {
		if text, isText := of[name].(string); isText {
			if n, ok := typed(typeNumeric, text); ok {
				out[name] = attributeOf(n)
			}
		}
	}
	assume(out, "type", Attribute{typeString, defaultType})
	assume(out, "ncpus", Attribute{typeNumeric, oneCPU})
	assume(out, "ncores", out["ncpus"])
	if nram, ok := out["nram"]; ok && s == LSF {
		assume(out, "mem", nram)
	}
	if mem, ok := out["mem"]; ok && s != LSF {
		assume(out, "nram", mem)
	}
	return out
}

// amounts are what schedulers calculate with, also where a template has them as
// text.
var amounts = []string{"ncpus", "ncores", "nram", "mem"}

func assume(in map[string]Attribute, name string, a Attribute) {
	if _, there := in[name]; !there {
		in[name] = a
	}
}

// attributeOf writes a value that a template may hold.
func attributeOf(v any) Attribute {
	switch v := v.(type) {
	case bool:
		return Attribute{typeBoolean, map[bool]string{true: "1", false: "0"}[v]}
	case float64:
		return Attribute{typeNumeric, strconv.FormatFloat(v, 'f', -1, 64)}
	case int:
		return Attribute{typeNumeric, strconv.Itoa(v)}
	case json.Number:
		return Attribute{typeNumeric, v.String()}
	case string:
		return Attribute{typeString, v}
	}
	return Attribute{typeString, fmt.Sprint(v)}
}

// Value reads an attribute in any shape that schedulers' files have: a plain
// value, a list of it alone, or type and value as a list of two. False: it is
// none of these.
func Value(v any) (any, bool) {
	pair, ok := v.([]any)
	if !ok {
		return plain(v)
	}
	if len(pair) == 1 && !isType(pair[0]) {
		return plain(pair[0])
	}
	if len(pair) != 2 {
		return nil, false
	}
	kind, ok := pair[0].(string)
	value, plainly := plain(pair[1])
	if !ok || !plainly {
		return nil, false
	}
	return typed(kind, value)
}

// isType reports whether v is the name of a type, which is no value.
func isType(v any) bool {
	name, ok := v.(string)
	return ok && slices.ContainsFunc([]string{typeString, typeNumeric, typeBoolean}, func(t string) bool { return strings.EqualFold(t, name) })
}

// plain is a value without a type.
func plain(v any) (any, bool) {
	switch v.(type) {
	case string, bool, float64, int, json.Number:
		return v, true
	}
	return nil, false
}

// typed reads a value by the name of its type, in any case.
func typed(kind string, v any) (any, bool) {
	text := attributeOf(v)[1]
	switch strings.ToLower(kind) {
	case "string":
		return text, true
	case "numeric":
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		return n, err == nil && n-n == 0 // neither infinite nor no number
	case "boolean":
		b, err := strconv.ParseBool(strings.TrimSpace(text))
		return b, err == nil
	}
	return nil, false
}

// Tags writes tags as the schedulers do: name=value, by name, parted by
// semicolons. What would be read as two loses its separators.
func Tags(tags map[string]string) string {
	out := make([]string, 0, len(tags))
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, separators.Replace(name)+"="+strings.ReplaceAll(tags[name], ";", " "))
	}
	return strings.Join(out, ";")
}

var separators = strings.NewReplacer(";", " ", "=", " ")
