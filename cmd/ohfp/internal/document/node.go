package document

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a value is.
type Kind uint8

// The kinds.
const (
	Null Kind = iota
	Scalar
	List
	Object
)

// String says the kind as people do.
func (k Kind) String() string {
	switch k {
	case Null:
		return "nothing"
	case List:
		return "a list"
	case Object:
		return "an object"
	case Scalar:
		return "a single value"
	}
	return "?"
}

// Node is one value of a document. Nobody changes it once it is read.
type Node struct {
	Kind  Kind
	JSON  json.RawMessage // of a scalar
	Keys  []Key           // of an object, each once, in the order of the document
	Elems []*Node         // the values of an object or list
	Line  int             // from 1
}

// Key is a key of an object.
type Key struct {
	Name string
	Line int
}

// Get returns the value of a key; nil when there is none.
func (n *Node) Get(key string) *Node {
	if i := slices.IndexFunc(n.Keys, func(k Key) bool { return k.Name == key }); i >= 0 {
		return n.Elems[i]
	}
	return nil
}

// Text returns the string that n is; "" when it is none.
func (n *Node) Text() string {
	var s string
	if n == nil || n.Kind != Scalar || json.Unmarshal(n.JSON, &s) != nil {
		return ""
	}
	return s
}

// Marshal returns n as JSON, keys in the order of the document.
func (n *Node) Marshal() []byte {
	var b bytes.Buffer
	n.write(&b)
	return b.Bytes()
}

func (n *Node) write(b *bytes.Buffer) {
	switch n.Kind {
	case Null:
		b.WriteString("null")
	case Scalar:
		b.Write(n.JSON)
	case List:
		b.WriteByte('[')
		for i, e := range n.Elems {
			comma(b, i)
			e.write(b)
		}
		b.WriteByte(']')
	case Object:
		b.WriteByte('{')
		for i, e := range n.Elems {
			comma(b, i)
			b.Write(literal(n.Keys[i].Name))
			b.WriteByte(':')
			e.write(b)
		}
		b.WriteByte('}')
	}
}

func comma(b *bytes.Buffer, i int) {
	if i > 0 {
		b.WriteByte(',')
	}
}

// LineOf returns the line of what stands at a path such as
// strategy_config.hosts[0].address below n: of the nearest that is there.
func (n *Node) LineOf(path string) int {
	switch n.Kind {
	case List:
		index, rest, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
		i, err := strconv.Atoi(index)
		if !ok || err != nil || i < 0 || i >= len(n.Elems) {
			return n.Line
		}
		return n.Elems[i].LineOf(strings.TrimPrefix(rest, "."))
	case Object:
		return n.lineOfKey(path)
	case Null, Scalar:
	}
	return n.Line
}

// lineOfKey finds the key that a path begins with: the longest, for a key may
// hold a dot and the path not quote it.
func (n *Node) lineOfKey(path string) int {
	best, rest := -1, ""
	for i, k := range n.Keys {
		if after, ok := k.begins(path); ok && (best < 0 || len(after) < len(rest)) {
			best, rest = i, after
		}
	}
	switch {
	case best < 0:
		return n.Line
	case rest == "" || n.Elems[best].Kind < List:
		return n.Keys[best].Line
	}
	return n.Elems[best].LineOf(strings.TrimPrefix(rest, "."))
}

// begins reports whether a path begins with the key, quoted or not, and
// returns what follows.
func (k Key) begins(path string) (rest string, ok bool) {
	for _, spelt := range []string{k.Name, strconv.Quote(k.Name)} {
		if after, found := strings.CutPrefix(path, spelt); found && (after == "" || after[0] == '.' || after[0] == '[') {
			return after, true
		}
	}
	return "", false
}

// literal is a string as JSON, without the escapes that are for HTML.
func literal(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // strings always encode
		return json.RawMessage(`""`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'})
}
