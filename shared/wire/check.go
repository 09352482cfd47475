package wire

import (
	"slices"
	"strings"
	"time"
)

// FormatName is the format of names: of providers, templates, hosts.
const FormatName = "name"

// isName reports whether s matches ^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$. Written
// out, it costs nothing at the start of a program.
func isName(s string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	return len(s) >= 1 && len(s) <= 64 && strings.IndexByte(letters, s[0]) >= 0 && strings.Trim(s, letters+"_-") == ""
}

// checker holds a document against a schema and writes it anew as it goes.
type checker struct {
	problems
	out []byte
}

// value checks n and writes it. f holds the rules for it.
func (c *checker) value(f *Field, s *Schema, n *node, at *path) {
	if n.kind == null && s.Nullable {
		c.out = append(c.out, "null"...)
		return
	}
	switch s.Type {
	case Object:
		c.object(s, n, at)
	case Map:
		c.mapping(f, s, n, at)
	case Array:
		c.array(f, s, n, at)
	case Any:
		c.out = n.append(c.out)
	default:
		c.scalar(f, s, n, at)
	}
}

func (c *checker) scalar(f *Field, s *Schema, n *node, at *path) {
	switch s.Type {
	case Integer:
		c.integer(f, s, n, at)
	case Number:
		c.number(f, n, at)
	case Boolean:
		if c.want(n, boolean, "true or false", at) {
			c.out = n.append(c.out)
		}
	default:
		if c.want(n, text, "a string", at) {
			c.string(f, s, n.text, at)
		}
	}
}

// want reports whether n is of kind k and says so when it is not.
func (c *checker) want(n *node, k kind, what string, at *path) bool {
	if n.kind == k {
		return true
	}
	if at == nil {
		c.add(at, "the body must be %s, not %s", what, n.kind)
	} else {
		c.add(at, "want %s, got %s", what, n.kind)
	}
	return false
}

func (c *checker) object(s *Schema, n *node, at *path) {
	if !c.want(n, object, "an object", at) {
		return
	}
	for _, key := range n.keys {
		if s.Field(key) == nil {
			c.add(at.child(key), "%s", s.Unknown(key))
		}
	}
	c.out = append(c.out, '{')
	first := true
	for _, f := range s.Fields {
		mark := len(c.out)
		if !first {
			c.out = append(c.out, ',')
		}
		c.out = append(appendString(c.out, f.Name), ':')
		start := len(c.out)
		c.field(f, n.get(f.Name), at.child(f.Name))
		if len(c.out) == start {
			c.out = c.out[:mark]
			continue
		}
		first = false
	}
	c.out = append(c.out, '}')
}

// field checks the value of f, nil when its key is absent. Nothing is written
// when there is nothing to set.
func (c *checker) field(f *Field, n *node, at *path) {
	absent := n == nil || n.kind == null && f.Schema.Nullable
	switch {
	case absent && f.Required:
		c.add(at, "required")
	case absent:
		c.absent(f)
	case f.Planned != "":
		c.addPlanned(at, f.Planned)
	default:
		c.value(f, f.Schema, n, at)
	}
}

// absent writes the default of f, or those of the struct it holds.
func (c *checker) absent(f *Field) {
	s := f.Schema
	if f.Default != nil {
		c.out = append(c.out, f.Default...)
		return
	}
	if s.Type != Object || s.Nullable || !s.defaults {
		return
	}
	c.out = append(c.out, '{')
	for _, inner := range s.Fields {
		mark := len(c.out)
		if c.out[mark-1] != '{' {
			c.out = append(c.out, ',')
		}
		c.out = append(appendString(c.out, inner.Name), ':')
		start := len(c.out)
		c.absent(inner)
		if len(c.out) == start {
			c.out = c.out[:mark]
		}
	}
	c.out = append(c.out, '}')
}

func (c *checker) array(f *Field, s *Schema, n *node, at *path) {
	if !c.want(n, list, "a list", at) || !c.length(f, len(n.elems), "item", at) {
		return
	}
	c.out = append(c.out, '[')
	for i := range n.elems {
		c.out = comma(c.out, i)
		c.value(f.item(), s.Items, &n.elems[i], at.item(i))
	}
	c.out = append(c.out, ']')
}

func (c *checker) mapping(f *Field, s *Schema, n *node, at *path) {
	if !c.want(n, object, "an object", at) || !c.length(f, len(n.elems), "key", at) {
		return
	}
	c.out = append(c.out, '{')
	for i := range n.elems {
		c.out = append(appendString(comma(c.out, i), n.keys[i]), ':')
		c.value(f.item(), s.Items, &n.elems[i], at.child(n.keys[i]))
	}
	c.out = append(c.out, '}')
}

// item holds the rules for each item of f: all but the lengths.
func (f *Field) item() *Field {
	return &Field{Rules: Rules{Min: f.Rules.Min, Max: f.Rules.Max, Format: f.Rules.Format, Enum: f.Rules.Enum}}
}

// length checks a length in units of what.
func (c *checker) length(f *Field, n int, what string, at *path) bool {
	switch low, high := f.Rules.MinLen, f.Rules.MaxLen; {
	case low != nil && n < *low:
		c.add(at, "want at least %s, got %d", count(*low, what), n)
	case high != nil && n > *high:
		c.add(at, "want at most %s, got %d", count(*high, what), n)
	default:
		return true
	}
	return false
}

func (c *checker) string(f *Field, s *Schema, v string, at *path) {
	words := f.Rules.Enum
	if words == nil {
		words = s.Enum
	}
	switch {
	case words != nil:
		c.word(words, v, at)
	case !c.long(f, v, at):
	case f.Rules.Format == FormatName && !isName(v):
		c.add(at, "%q is not a name: want 1 to 64 letters, digits, - and _, beginning with a letter or digit", clip(v))
	case s.Time && !isTime(v):
		c.add(at, "want a time such as 2026-01-31T15:04:05Z, got %q", clip(v))
	default:
		c.out = appendString(c.out, v)
	}
}

// long checks how long a string is; an empty one is called that.
func (c *checker) long(f *Field, v string, at *path) bool {
	if v == "" && f.Rules.MinLen != nil && *f.Rules.MinLen > 0 {
		c.add(at, "must not be empty")
		return false
	}
	return c.length(f, len(v), "byte", at)
}

func isTime(v string) bool {
	_, err := time.Parse(time.RFC3339, v)
	return err == nil
}

// word checks v against a list of words in any case and writes the listed
// spelling.
func (c *checker) word(words []string, v string, at *path) {
	i := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, v) })
	if i >= 0 {
		c.out = appendString(c.out, words[i])
		return
	}
	hint := ""
	if near := Nearest(v, words); near != "" {
		hint = "; did you mean " + near + "?"
	}
	c.add(at, "%q is none of %s%s", clip(v), strings.Join(words, ", "), hint)
}

// clip shortens what is echoed in a message.
func clip(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
