package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// reader reads JSON token by token: the decoder knows where it is.
type reader struct {
	budget
	data []byte
	dec  *json.Decoder
	at   int // how far lines are counted
	line int
}

func parseJSON(data []byte) (*Node, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	r := &reader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), line: 1}
	r.dec.UseNumber()
	n, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong(r.here(), "there is more after the end of the JSON document")
	}
	return n, nil
}

// here is the line where the decoder is.
func (r *reader) here() int {
	if to := min(int(r.dec.InputOffset()), len(r.data)); to > r.at {
		r.line += bytes.Count(r.data[r.at:to], []byte{'\n'})
		r.at = to
	}
	return r.line
}

// token returns the next one and its line.
func (r *reader) token() (json.Token, int, error) {
	t, err := r.dec.Token()
	if err == nil {
		return t, r.here(), nil
	}
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		to := max(0, min(int(syntax.Offset)-1, len(r.data)))
		return nil, 0, wrong(1+bytes.Count(r.data[:to], []byte{'\n'}), "not JSON: %s", syntax)
	}
	return nil, 0, wrong(1+bytes.Count(r.data, []byte{'\n'}), "not JSON: it ends too early")
}

func (r *reader) value(depth int) (*Node, error) {
	t, line, err := r.token()
	if err != nil {
		return nil, err
	}
	if err := r.spend(line, depth); err != nil {
		return nil, err
	}
	n := &Node{Kind: Scalar, Line: line}
	switch t := t.(type) {
	case nil:
		n.Kind = Null
	case json.Delim:
		n.Kind = map[json.Delim]Kind{'{': Object, '[': List}[t]
		return n, r.members(n, depth)
	case string:
		n.JSON = literal(t)
	default: // a number or a boolean
		n.JSON = fmt.Append(nil, t)
	}
	return n, nil
}

// members reads what an object or list holds, and its end.
func (r *reader) members(n *Node, depth int) error {
	for r.dec.More() {
		if n.Kind == Object {
			if err := r.key(n); err != nil {
				return err
			}
		}
		e, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.Elems = append(n.Elems, e)
	}
	_, _, err := r.token()
	return err
}

func (r *reader) key(n *Node) error {
	t, line, err := r.token()
	if err != nil {
		return err
	}
	name := fmt.Sprint(t)
	if n.Get(name) != nil {
		return wrong(line, "the key %q is given twice", name)
	}
	n.Keys = append(n.Keys, Key{Name: name, Line: line})
	return nil
}
