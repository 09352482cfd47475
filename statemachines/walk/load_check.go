package walk

import (
	"maps"
	"slices"
)

// check refuses a graph with a missing state, a state that nothing leads to,
// or one from which no end can be reached.
func (n *node) check(g graph) {
	from, into := edges{"": {g.start}}, edges{g.start: {""}}
	for _, name := range slices.Sorted(maps.Keys(g.states)) {
		from[name] = g.states[name].exits()
		for _, next := range from[name] {
			into[next] = append(into[next], name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(into)) {
		if _, ok := g.states[name]; !ok && name != "" {
			n.l.fail(into[name][0], "", "leads to %q, which is no state here", name)
		}
	}
	n.covered(g, from.reach(""), "nothing leads here")
	n.covered(g, into.reach(""), "no end can be reached from here")
}

func (n *node) covered(g graph, reached map[string]bool, problem string) {
	for _, name := range slices.Sorted(maps.Keys(g.states)) {
		if !reached[name] {
			n.l.fail(name, "", "%s", problem)
		}
	}
}

// edges are the neighbours of each state, in one direction. "" stands for
// what is outside of the graph, where walks begin and end.
type edges map[string][]string

// reach returns what can be reached from a state. It does not pass through
// the outside.
func (e edges) reach(start string) map[string]bool {
	reached := map[string]bool{}
	for todo := e[start]; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if name != "" && !reached[name] {
			reached[name] = true
			todo = append(todo, e[name]...)
		}
	}
	return reached
}
