package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// parser reads a document that is known to be valid JSON into nodes.
type parser struct {
	dec *json.Decoder
	lim Limits
	problems
}

var errTooDeep = errors.New("too deep")

// parse returns the document as a node with the problems that need no schema:
// keys given twice, lists too long. An error means that there is no document.
func parse(data []byte, lim Limits) (node, problems, error) {
	if err := wellFormed(data, lim); err != nil {
		return node{}, problems{}, err
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(data)), lim: lim}
	p.dec.UseNumber()
	n, err := p.value(root(lim.At), lim.Depth)
	switch {
	case errors.Is(err, errTooDeep):
		return node{}, problems{}, fault.New(fault.InvalidRequest, "the body has more than %d objects and lists in one another", lim.Depth)
	case err != nil:
		return node{}, problems{}, &fault.Error{Code: fault.InvalidRequest, Detail: "the body is not valid JSON", Err: err}
	}
	return n, p.problems, nil
}

func wellFormed(data []byte, lim Limits) error {
	if int64(len(data)) > lim.Body {
		return fault.New(fault.TooLarge, "the body has %d bytes; the limit is %d", len(data), lim.Body)
	}
	if i := badUTF8(data); i >= 0 {
		return notJSON(data, i, "a byte that is not UTF-8")
	}
	var raw json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return notJSON(data, int(syntax.Offset)-1, syntax.Error())
		}
		return &fault.Error{Code: fault.InvalidRequest, Detail: "the body is not valid JSON", Err: err}
	}
	if i, what := badEscape(data); i >= 0 {
		return notJSON(data, i, what)
	}
	return nil
}

func notJSON(data []byte, offset int, what string) error {
	before := data[:max(0, min(offset, len(data)))]
	line := 1 + bytes.Count(before, []byte{'\n'})
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return fault.New(fault.InvalidRequest, "the body is not valid JSON at line %d, column %d: %s", line, column, what)
}

func badUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// badEscape finds an escape that encoding/json would silently change (half of
// a surrogate pair) or that nothing downstream takes (NUL). data is valid JSON.
func badEscape(data []byte) (int, string) {
	for i := 0; i < len(data); {
		size, wrong := 1, ""
		if data[i] == '\\' {
			size, wrong = escape(data[i:])
		}
		if wrong != "" {
			return i, wrong
		}
		i += size
	}
	return -1, ""
}

// escape returns how long the escape at the start of data is, or what is wrong
// with it.
func escape(data []byte) (size int, wrong string) {
	switch r := escaped(data); {
	case r < 0:
		return 2, ""
	case r == 0:
		return 0, "a NUL character"
	case r >= 0xDC00 && r < 0xE000:
		return 0, "the second half of a surrogate pair alone"
	case r >= 0xD800 && r < 0xDC00:
		if low := escaped(data[6:]); low < 0xDC00 || low >= 0xE000 {
			return 0, "the first half of a surrogate pair alone"
		}
		return 12, ""
	}
	return 6, ""
}

// escaped returns the number of the \uXXXX at the start of data, or -1.
func escaped(data []byte) int64 {
	if len(data) < 6 || data[0] != '\\' || data[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseInt(string(data[2:6]), 16, 32)
	if err != nil {
		return -1
	}
	return n
}

func (p *parser) value(at *path, depth int) (node, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return node{}, err
	}
	switch v := tok.(type) {
	case bool:
		return node{kind: boolean, text: strconv.FormatBool(v)}, nil
	case string:
		return node{kind: text, text: v}, nil
	case json.Number:
		return p.number(at, v.String()), nil
	case json.Delim:
		if depth == 0 {
			return node{}, errTooDeep
		}
		if v == '{' {
			return p.object(at, depth-1)
		}
		return p.list(at, depth-1)
	}
	return node{kind: null}, nil
}

func (p *parser) number(at *path, literal string) node {
	if len(literal) > maxNumber {
		p.add(at, "the number has %d characters; the limit is %d", len(literal), maxNumber)
		literal = "0"
	}
	if _, err := strconv.ParseFloat(literal, 64); err != nil {
		p.add(at, "the number %s is out of range", literal)
		literal = "0"
	}
	return node{kind: number, text: literal}
}

func (p *parser) list(at *path, depth int) (node, error) {
	n := node{kind: list}
	for p.dec.More() {
		v, err := p.value(at.item(len(n.elems)), depth)
		if err != nil {
			return node{}, err
		}
		n.elems = append(n.elems, v)
	}
	if len(n.elems) > p.lim.List {
		p.add(at, "has %d items; the limit is %d", len(n.elems), p.lim.List)
		n.elems = n.elems[:p.lim.List]
	}
	_, err := p.dec.Token()
	return n, err
}

func (p *parser) object(at *path, depth int) (node, error) {
	n, seen := node{kind: object}, map[string]bool{}
	for p.dec.More() {
		tok, err := p.dec.Token()
		if err != nil {
			return node{}, err
		}
		key, _ := tok.(string)
		v, err := p.value(at.child(key), depth)
		if err != nil {
			return node{}, err
		}
		if seen[key] {
			p.add(at.child(key), "the key is given twice")
			continue
		}
		seen[key] = true
		n.keys, n.elems = append(n.keys, key), append(n.elems, v)
	}
	if len(n.keys) > p.lim.List {
		p.add(at, "has %d keys; the limit is %d", len(n.keys), p.lim.List)
		n.keys, n.elems = n.keys[:p.lim.List], n.elems[:p.lim.List]
	}
	_, err := p.dec.Token()
	return n, err
}
