package walk

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// template reads a member given as "name", an object that may hold
// references, or as "name.$", a reference.
func (n *node) template(name string) template {
	dynamic := name + ".$"
	switch {
	case n.has(name) == n.has(dynamic):
		n.fail(name, "exactly one of %s and %s is needed", name, dynamic)
		n.ignore(name, dynamic)
		return literal{}
	case n.has(name):
		return n.child(name).templateObject()
	default:
		return reference{field: n.at(dynamic), path: n.path(dynamic)}
	}
}

// templateObject reads n itself as an object that may hold references.
func (n *node) templateObject() template {
	var t members
	fixed := true
	for _, key := range slices.Sorted(maps.Keys(n.members)) {
		name, dynamic := strings.CutSuffix(key, ".$")
		if strings.Contains(name, "$") || (dynamic && n.has(name)) {
			n.fail(key, "is not in the subset, or is given twice")
		}
		m := member{name: name}
		if dynamic {
			m.value = reference{field: n.at(key), path: n.path(key)}
		} else {
			m.value = n.templateValue(key)
		}
		_, plain := m.value.(literal)
		fixed = fixed && plain
		t = append(t, m)
	}
	if fixed {
		return literal{n.plain()}
	}
	return t
}

// plain returns n as the value that it is; an object without members is {}.
func (n *node) plain() map[string]any {
	if n.members == nil {
		return map[string]any{}
	}
	return n.members
}

func (n *node) templateValue(key string) template {
	switch v := n.members[key].(type) {
	case map[string]any:
		return n.child(key).templateObject()
	case nil, bool, string, json.Number:
		return literal{v}
	default:
		n.fail(key, "lists are not in the subset")
		return literal{}
	}
}

// eachReference visits the references of t.
func eachReference(t template, visit func(reference)) {
	switch t := t.(type) {
	case reference:
		visit(t)
	case members:
		for _, m := range t {
			eachReference(m.value, visit)
		}
	}
}
