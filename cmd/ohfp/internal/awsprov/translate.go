package awsprov

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/shared/wire"
)

// Outcome is what becomes of a field.
type Outcome string

// The outcomes. Kept: it has the same meaning, and the same name but for its
// spelling. Mapped: it is said in another way. Refused: nothing says it.
const (
	Kept    Outcome = "kept"
	Mapped  Outcome = "mapped"
	Refused Outcome = "refused"
)

// Field is a field of a template, with what becomes of it.
type Field struct {
	Name    string  `json:"field"`
	Outcome Outcome `json:"outcome"`
	To      string  `json:"to,omitempty"`     // the field that it becomes
	Reason  string  `json:"reason,omitempty"` // why it is refused, or what to know of it
	Line    int     `json:"line"`
}

// Template is a template as registerTemplate takes it, with how it came about.
type Template struct {
	Node   *document.Node
	Fields []Field
}

// Translate makes a template of one of theirs, which must be an object. read
// reads a file that it names, its user data. What has no place is refused and
// left out; so is nothing else.
func Translate(n *document.Node, read func(path string) ([]byte, error)) Template {
	t := translation{node: n, read: read, out: object(n.Line), from: map[string]string{}}
	for i, key := range n.Keys {
		t.field(key, n.Elems[i])
	}
	t.order()
	return Template{Node: t.out, Fields: t.fields}
}

// translation is one template on its way.
type translation struct {
	node   *document.Node
	read   func(path string) ([]byte, error)
	out    *document.Node
	fields []Field
	from   map[string]string // the field that gave each of ours
}

func (t *translation) say(key document.Key, o Outcome, to, reason string) {
	t.fields = append(t.fields, Field{Name: key.Name, Outcome: o, To: to, Reason: reason, Line: key.Line})
}

// field translates one.
func (t *translation) field(key document.Key, n *document.Node) {
	rule, reason := rules[key.Name], unsupported[key.Name]
	switch {
	case absent(n), reason != "" && off(n):
		t.say(key, Kept, "", "says nothing")
	case key.Name == "attributes":
		t.attributes(n)
	case key.Name == priority: // which the order of another is; see order
	case rule.as != nil:
		t.put(key, n, rule)
	case reason != "":
		t.say(key, Refused, "", reason)
	default:
		t.say(key, Refused, "", "unknown field"+meant(key.Name))
	}
}

// priority is the field that orders machine types.
const priority = "vmTypesPriority"

func meant(name string) string {
	var known []string
	for k := range rules {
		known = append(known, k)
	}
	slices.Sort(known)
	if near := wire.Nearest(name, append(known, "attributes", priority)); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// absent reports whether a field says as much as none: null, "", [] or {}.
func absent(n *document.Node) bool {
	if n.Kind == document.Scalar {
		return string(n.JSON) == `""`
	}
	return len(n.Elems) == 0
}

// off reports whether a field asks for nothing: 0 or false.
func off(n *document.Node) bool {
	return n.Kind == document.Scalar && (string(n.JSON) == "0" || string(n.JSON) == "false")
}

// put stores a field by its rule. Of two that mean the same the first counts.
func (t *translation) put(key document.Key, n *document.Node, r rule) {
	if other, taken := t.from[r.to]; taken {
		t.say(key, Refused, "", fmt.Sprintf("%s says %s already", other, r.to))
		return
	}
	value, reason, ok := r.as(t, n)
	if !ok {
		t.say(key, Refused, "", reason)
		return
	}
	t.from[r.to] = key.Name
	path := r.path
	if path == nil {
		path = strings.Split(r.to, ".")
	}
	set(t.out, path, value, key.Line)
	t.say(key, r.outcome(), r.to, reason)
}

// set puts a value at a path of objects.
func set(n *document.Node, path []string, value *document.Node, line int) {
	for i, name := range path {
		inner := n.Get(name)
		if last := i == len(path)-1; last || inner == nil {
			if inner = value; !last {
				inner = object(line)
			}
			n.Keys, n.Elems = append(n.Keys, document.Key{Name: name, Line: line}), append(n.Elems, inner)
		}
		n = inner
	}
}

func object(line int) *document.Node { return &document.Node{Kind: document.Object, Line: line} }

// order puts machine types in the order that vmTypesPriority gives: the lowest
// number first.
func (t *translation) order() {
	i := slices.IndexFunc(t.node.Keys, func(k document.Key) bool { return k.Name == priority })
	if i < 0 || absent(t.node.Elems[i]) {
		return
	}
	key, types := t.node.Keys[i], t.out.Get("machine_types")
	rank, ok := numbers(t.node.Elems[i])
	if !ok || types == nil {
		t.say(key, Refused, "", "want an object of machine types that vmTypes names, with numbers")
		return
	}
	slices.SortStableFunc(types.Elems, func(a, b *document.Node) int {
		return cmp.Compare(rankOf(rank, a), rankOf(rank, b))
	})
	t.say(key, Mapped, "machine_types", "their order, the lowest number first")
}

func rankOf(rank map[string]float64, machine *document.Node) float64 {
	if r, ok := rank[machine.Text()]; ok {
		return r
	}
	return 1e9 // what has no priority comes last
}
