package walk

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// node is one JSON object of a definition. Each member is read once; what
// nobody read is refused by close. What is wrong goes to the loader, and the
// reader gets a zero value, so that one load tells all.
type node struct {
	l       *loader
	owner   string // the state; "" at the top
	field   string // path within the state
	members map[string]any
	seen    map[string]bool
}

func (l *loader) node(owner, field string, members map[string]any) *node {
	return &node{l, owner, field, members, map[string]bool{"Comment": true}}
}

func (n *node) at(name string) string {
	if n.field == "" {
		return name
	}
	return n.field + "." + name
}

func (n *node) fail(name, problem string, args ...any) {
	n.l.fail(n.owner, n.at(name), problem, args...)
}

func (n *node) has(name string) bool {
	_, ok := n.members[name]
	return ok
}

// value reads a member that must be there.
func (n *node) value(name string) any {
	n.seen[name] = true
	v, ok := n.members[name]
	if !ok {
		n.fail(name, "is missing")
	}
	return v
}

func (n *node) ignore(names ...string) {
	for _, name := range names {
		n.seen[name] = true
	}
}

func (n *node) ignoreRest() { n.ignore(slices.Collect(maps.Keys(n.members))...) }

// close refuses what nobody read.
func (n *node) close() {
	if comment, ok := n.members["Comment"]; ok {
		if _, ok := comment.(string); !ok {
			n.fail("Comment", "is not a string")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(n.members)) {
		if !n.seen[name] {
			n.fail(name, "is not in the subset")
		}
	}
}

func typed[T any](n *node, name, kind string) T {
	v := n.value(name)
	t, ok := v.(T)
	if !ok && n.has(name) {
		n.fail(name, "is not %s", kind)
	}
	return t
}

func (n *node) text(name string) string {
	s := typed[string](n, name, "a string")
	if s == "" && n.has(name) {
		n.fail(name, "is empty, or not a string")
	}
	return s
}

func (n *node) boolean(name string) bool { return typed[bool](n, name, "a boolean") }

func (n *node) number(name string, least, most float64) float64 {
	f, err := typed[json.Number](n, name, "a number").Float64()
	if n.has(name) && (err != nil || f < least || f > most) {
		n.fail(name, "is not from %v to %v", least, most)
	}
	return f
}

// whole reads a number from 1.
func (n *node) whole(name string, most int) int {
	i, err := strconv.Atoi(string(typed[json.Number](n, name, "a number")))
	if n.has(name) && (err != nil || i < 1 || i > most) {
		n.fail(name, "is not a whole number from 1 to %d", most)
	}
	return i
}

// path reads a path that must be there.
func (n *node) path(name string) path {
	s := n.text(name)
	p, ok := parsePath(s)
	if !ok && s != "" {
		n.fail(name, "%q is not $ or $.name.name", s)
	}
	return p
}

// resultPath reads a ResultPath; without one it is $.
func (n *node) resultPath() placement {
	v, ok := n.members["ResultPath"]
	switch {
	case !ok:
		return placement{}
	case v == nil:
		n.ignore("ResultPath")
		return placement{discard: true}
	default:
		return placement{at: n.path("ResultPath")}
	}
}

// exit reads one of Next and End.
func (n *node) exit() exit {
	switch {
	case n.has("Next") == n.has("End"):
		n.fail("Next", "exactly one of Next and End is needed")
		n.ignore("Next", "End")
	case n.has("Next"):
		return exit(n.text("Next"))
	case !n.boolean("End"):
		n.fail("End", "is not true")
	}
	return ""
}

// of returns a member that is a state.
func (n *node) of(state string) *node {
	members := typed[map[string]any](n, state, "an object")
	return n.l.node(state, "", members)
}

// child returns a member that must be an object; an empty node if it is not.
func (n *node) child(name string) *node {
	return n.l.node(n.owner, n.at(name), typed[map[string]any](n, name, "an object"))
}

// children returns the elements of a list of objects that may be absent.
func (n *node) children(name string) []*node {
	if !n.has(name) {
		return nil
	}
	var all []*node
	for i, v := range typed[[]any](n, name, "a list") {
		field := n.at(name) + "[" + strconv.Itoa(i) + "]"
		members, ok := v.(map[string]any)
		if !ok {
			n.l.fail(n.owner, field, "is not an object")
		}
		all = append(all, n.l.node(n.owner, field, members))
	}
	return all
}

var errorForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$`)

// errorName reads the name of an error that a definition raises.
func (n *node) errorName(name string) string {
	s := n.text(name)
	if s != "" && (!errorForm.MatchString(s) || !raisable(s)) {
		n.fail(name, "%q is not the name of an error that may be raised", s)
	}
	return s
}

// errorNames reads ErrorEquals. States.ALL stands alone, as the language has
// it; of the language's other names the subset has two.
func (n *node) errorNames() []string {
	var names []string
	for _, v := range typed[[]any](n, "ErrorEquals", "a list") {
		name, ok := v.(string)
		if !ok || !matchable(name) {
			n.fail("ErrorEquals", "%q is not the name of an error that may be matched", v)
		}
		names = append(names, name)
	}
	switch {
	case n.has("ErrorEquals") && len(names) == 0:
		n.fail("ErrorEquals", "is empty")
	case len(names) > 1 && slices.Contains(names, StatesAll):
		n.fail("ErrorEquals", "States.ALL does not stand alone")
	}
	return names
}

func matchable(name string) bool {
	switch name {
	case StatesAll, StatesTaskFailed, StatesTimeout:
		return true
	}
	return errorForm.MatchString(name) && raisable(name)
}
