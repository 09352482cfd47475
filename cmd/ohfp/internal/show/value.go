package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	word
	list
	object
)

// value is one JSON value, keys in the order of the document.
type value struct {
	kind  kind
	text  string // of a string; the literal of a number or boolean
	keys  []string
	elems []value
}

// maxDepth bounds the recursion over what a server sent.
const maxDepth = 100

// read parses one JSON document.
func read(data []byte) (value, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	v, err := readValue(dec, maxDepth)
	if err != nil {
		return value{}, fmt.Errorf("reading the answer: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return value{}, errors.New("reading the answer: more than one document")
	}
	return v, nil
}

func readValue(dec *json.Decoder, depth int) (value, error) {
	tok, err := dec.Token()
	if err != nil {
		return value{}, err
	}
	switch t := tok.(type) {
	case bool:
		return value{kind: boolean, text: strconv.FormatBool(t)}, nil
	case json.Number:
		return value{kind: number, text: t.String()}, nil
	case string:
		return value{kind: word, text: t}, nil
	case json.Delim:
		if depth == 0 {
			return value{}, errors.New("too deep")
		}
		return readMembers(dec, t, depth-1)
	}
	return value{kind: null}, nil
}

func readMembers(dec *json.Decoder, open json.Delim, depth int) (value, error) {
	v := value{kind: list}
	if open == '{' {
		v.kind = object
	}
	for dec.More() {
		if v.kind == object {
			key, err := dec.Token()
			if err != nil {
				return value{}, err
			}
			v.keys = append(v.keys, fmt.Sprint(key))
		}
		elem, err := readValue(dec, depth)
		if err != nil {
			return value{}, err
		}
		v.elems = append(v.elems, elem)
	}
	_, err := dec.Token()
	return v, err
}

// get returns the member with that key; a null when there is none.
func (v value) get(key string) value {
	if i := slices.Index(v.keys, key); i >= 0 {
		return v.elems[i]
	}
	return value{}
}

// objects reports whether v is a list of objects, or an object whose values
// all are: what is shown as a table.
func (v value) objects() bool {
	if v.kind != list && v.kind != object || len(v.elems) == 0 {
		return false
	}
	return !slices.ContainsFunc(v.elems, func(e value) bool { return e.kind != object })
}

// named is a string value.
func named(s string) value { return value{kind: word, text: s} }

// has reports whether v has a member with that key.
func (v value) has(key string) bool { return slices.Contains(v.keys, key) }
