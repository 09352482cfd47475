package wire

import (
	"slices"
	"strconv"
	"strings"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

// names of the kinds as a person says them.
var kindNames = [...]string{"null", "true or false", "a number", "a string", "a list", "an object"}

func (k kind) String() string { return kindNames[k] }

// node is one value of a parsed document, keys in the order written.
type node struct {
	kind  kind
	text  string   // of a string; the literal of a number or boolean
	keys  []string // of an object, beside elems
	elems []node
}

// get returns the value of key, or nil.
func (n *node) get(key string) *node {
	if i := slices.Index(n.keys, key); i >= 0 {
		return &n.elems[i]
	}
	return nil
}

// append writes n compactly, keys as they stand and numbers as written.
func (n *node) append(out []byte) []byte {
	switch n.kind {
	case null:
		return append(out, "null"...)
	case boolean, number:
		return append(out, n.text...)
	case text:
		return appendString(out, n.text)
	case list:
		out = append(out, '[')
		for i := range n.elems {
			out = n.elems[i].append(comma(out, i))
		}
		return append(out, ']')
	default:
		out = append(out, '{')
		for i := range n.elems {
			out = append(appendString(comma(out, i), n.keys[i]), ':')
			out = n.elems[i].append(out)
		}
		return append(out, '}')
	}
}

func comma(out []byte, i int) []byte {
	if i == 0 {
		return out
	}
	return append(out, ',')
}

// sort puts the keys of n and of all below it in byte order.
func (n *node) sort() {
	for i := range n.elems {
		n.elems[i].sort()
	}
	if n.kind != object {
		return
	}
	order := make([]int, len(n.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(n.keys[a], n.keys[b]) })
	keys, elems := make([]string, len(order)), make([]node, len(order))
	for to, from := range order {
		keys[to], elems[to] = n.keys[from], n.elems[from]
	}
	n.keys, n.elems = keys, elems
}

// appendString writes s as a JSON string. Only what JSON demands is escaped:
// our bodies are never put into HTML.
func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c < 0x20:
			out = append(out, `\u00`...)
			out = append(out, strconv.FormatInt(int64(c)+0x100, 16)[1:]...)
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
