package show

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"unicode"
)

// printYAML writes block style that any parser reads back as the same: what
// could be taken for anything but text is quoted.
func printYAML(w io.Writer, document []byte) error {
	v, err := read(document)
	if err != nil {
		return err
	}
	var y yamlWriter
	y.value(v, 0)
	_, err = y.out.WriteTo(w)
	return err
}

type yamlWriter struct{ out bytes.Buffer }

// value writes what stands behind a key or a dash, with the end of its line.
func (y *yamlWriter) value(v value, indent int) {
	switch {
	case len(v.elems) > 0 && v.kind == object:
		y.members(v, indent)
	case len(v.elems) > 0:
		y.items(v, indent)
	default:
		y.out.WriteString(v.yaml(indent) + "\n")
	}
}

func (y *yamlWriter) members(v value, indent int) {
	for i, e := range v.elems {
		if i > 0 {
			y.margin(indent)
		}
		y.out.WriteString(yamlText(v.keys[i]) + ":")
		if len(e.elems) == 0 {
			y.out.WriteString(" ")
			y.value(e, indent+2)
			continue
		}
		y.out.WriteString("\n")
		y.margin(indent + 2)
		y.value(e, indent+2)
	}
}

func (y *yamlWriter) items(v value, indent int) {
	for i, e := range v.elems {
		if i > 0 {
			y.margin(indent)
		}
		y.out.WriteString("- ")
		y.value(e, indent+2)
	}
}

func (y *yamlWriter) margin(n int) { y.out.WriteString(strings.Repeat(" ", n)) }

// yaml is a value without members, on one line or as a block.
func (v value) yaml(indent int) string {
	switch v.kind {
	case null:
		return "null"
	case boolean:
		return v.text
	case number:
		return yamlNumber(v.text)
	case list:
		return "[]"
	case object:
		return "{}"
	case word:
	}
	if block := yamlBlock(v.text, indent); block != "" {
		return block
	}
	return yamlText(v.text)
}

// yamlNumber writes a number so that also a parser of YAML 1.1 takes it for
// one: 1e3 needs its dot and its sign.
func yamlNumber(literal string) string {
	mantissa, exponent, ok := strings.Cut(strings.ToLower(literal), "e")
	if !ok {
		return literal
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	if !strings.ContainsAny(exponent, "+-") {
		exponent = "+" + exponent
	}
	return mantissa + "e" + exponent
}

// yamlWords are read as something else than text by some parser.
var yamlWords = []string{"true", "false", "yes", "no", "on", "off", "y", "n", "null"}

const (
	yamlFirst = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/"
	yamlOther = yamlFirst + "0123456789.@+(),;=:-"
)

// yamlText writes text plainly where nobody could take it for anything else,
// and as JSON does otherwise.
func yamlText(s string) string {
	plain := s != "" && strings.IndexByte(yamlFirst, s[0]) >= 0 && !slices.Contains(yamlWords, strings.ToLower(s))
	for word := range strings.SplitSeq(s, " ") {
		plain = plain && word != "" && strings.Trim(word, yamlOther) == "" && !strings.HasSuffix(word, ":")
	}
	if plain {
		return s
	}
	return quoted(s)
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // strings always encode
		return `""`
	}
	return strings.NewReplacer("\u007f", `\u007f`, "\u0085", `\u0085`, "\ufeff", `\ufeff`).Replace(strings.TrimSuffix(b.String(), "\n"))
}

// yamlBlock writes text of several lines, such as a script, as it is; "" when
// that could be read in another way.
func yamlBlock(s string, indent int) string {
	body, ended := strings.CutSuffix(s, "\n")
	lines := strings.Split(body, "\n")
	if !strings.Contains(s, "\n") || !blockable(lines) {
		return ""
	}
	head := map[bool]string{true: "|", false: "|-"}[ended]
	for _, l := range lines {
		if head += "\n"; l != "" {
			head += strings.Repeat(" ", max(indent, 2)) + l
		}
	}
	return head
}

// blockable reports whether lines can stand as they are: visible characters,
// no space at an end, and something to read in the first and the last, for
// these tell the margin and the end.
func blockable(lines []string) bool {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	for _, l := range lines {
		if strings.HasSuffix(l, " ") || strings.ContainsFunc(l, hidden) {
			return false
		}
	}
	first := lines[0]
	return first != "" && first[0] != ' ' && lines[len(lines)-1] != ""
}
