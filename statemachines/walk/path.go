package walk

import (
	"maps"
	"regexp"
	"strings"
)

// path is a JSONPath of the subset: $ and names below it. It always means at
// most one value.
type path []string

var pathForm = regexp.MustCompile(`^\$(\.[A-Za-z_][A-Za-z0-9_]*)*$`)

func parsePath(s string) (path, bool) {
	if !pathForm.MatchString(s) {
		return nil, false
	}
	return strings.Split(s, ".")[1:], true
}

func (p path) String() string { return strings.Join(append([]string{"$"}, p...), ".") }

// under reports whether p is parent or lies below it.
func (p path) under(parent string) bool { return len(p) > 0 && p[0] == parent }

func (p path) find(v any) (any, bool) {
	for _, name := range p {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[name]; !ok {
			return nil, false
		}
	}
	return v, true
}

// get is find whose miss ends the execution; field says who asked.
func (p path) get(v any, field string) (any, error) {
	found, ok := p.find(v)
	if !ok {
		return nil, runtimeError("the path " + p.String() + " of " + field + " finds nothing")
	}
	return found, nil
}

// put returns v with value at p, making what objects are missing on the way.
// v itself stays as it is: values are shared between states.
func (p path) put(v, value any) (any, error) {
	if len(p) == 0 {
		return value, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, &TaskError{Name: StatesResultPath, Cause: "no object to put " + p.String() + " into"}
	}
	below, ok := object[p[0]]
	if !ok {
		below = map[string]any{}
	}
	placed, err := p[1:].put(below, value)
	if err != nil {
		return nil, err
	}
	changed := maps.Clone(object)
	changed[p[0]] = placed
	return changed, nil
}

// placement is a ResultPath: where a result goes in the state's input. Its
// zero value is the default, $: the result takes the input's place.
type placement struct {
	discard bool // null: the input goes on as it was
	at      path
}

func (p placement) put(in, result any) (any, error) {
	if p.discard {
		return in, nil
	}
	return p.at.put(in, result)
}
