package walk

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// LoadError is one thing in a definition that is outside the subset.
type LoadError struct {
	File    string
	State   string // "" at the top
	Field   string // dotted path within the state
	Problem string
}

// Error names file, state, field and problem on one line.
func (e *LoadError) Error() string {
	s := e.File
	if e.State != "" {
		s += ": state " + e.State
	}
	if e.Field != "" {
		s += ": field " + e.Field
	}
	return s + ": " + e.Problem
}

// Load reads a definition; file names it in errors. The error joins one
// [*LoadError] for each thing that is outside the subset.
func Load(file string, text []byte) (*Machine, error) {
	l := &loader{file: file, where: map[string]string{}}
	document, err := decodeStrict(text)
	if err != nil {
		l.fail("", "", "reading JSON: %v", err)
		return nil, errors.Join(l.errs...)
	}
	top, ok := document.(map[string]any)
	if !ok {
		l.fail("", "", "not a JSON object")
		return nil, errors.Join(l.errs...)
	}
	n := l.node("", "", top)
	m := &Machine{name: file, graph: n.graph("")}
	n.close()
	if len(l.errs) > 0 {
		return nil, errors.Join(l.errs...)
	}
	return m, nil
}

// loader gathers what is wrong with one file.
type loader struct {
	file  string
	errs  []error
	where map[string]string // state name → the Map that it is inside of
}

func (l *loader) fail(state, field, problem string, args ...any) {
	l.errs = append(l.errs, &LoadError{l.file, state, field, fmt.Sprintf(problem, args...)})
}

// graph reads StartAt and States. mapping is the Map state that they are
// inside of, "" at the top.
func (n *node) graph(mapping string) graph {
	g := graph{start: n.text("StartAt"), states: map[string]state{}}
	list := n.child("States")
	if list == nil {
		return g
	}
	for _, name := range slices.Sorted(maps.Keys(list.members)) {
		n.l.claim(name, mapping)
		g.states[name] = list.state(name, mapping)
	}
	if len(n.l.errs) == 0 {
		n.check(g)
	}
	return g
}

// claim takes a state name: names are unique in the whole definition.
func (l *loader) claim(name, mapping string) {
	if _, taken := l.where[name]; taken {
		l.fail(name, "", "the name is given to two states")
	}
	l.where[name] = mapping
}
