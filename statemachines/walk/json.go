package walk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// depthLimit bounds how deep a definition may nest.
const depthLimit = 64

// decode reads one JSON value. Numbers keep their text.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the JSON value")
	}
	return v, nil
}

// decodeStrict is decode for text that people write: a member that is given
// twice, or nesting without end, is an error.
func decodeStrict(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if err := scan(d, "", depthLimit); err != nil {
		return nil, err
	}
	return decode(text)
}

// scan reads one value and refuses duplicate members and too deep nesting.
func scan(d *json.Decoder, at string, depth int) error {
	if depth == 0 {
		return fmt.Errorf("%s is nested too deep", at)
	}
	token, err := d.Token()
	if err != nil {
		return err
	}
	switch token {
	case json.Delim('{'):
		err = scanMembers(d, at, depth)
	case json.Delim('['):
		for err == nil && d.More() {
			err = scan(d, at+"[]", depth-1)
		}
	default:
		return nil
	}
	if err != nil {
		return err
	}
	_, err = d.Token() // the closing bracket
	return err
}

func scanMembers(d *json.Decoder, at string, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok || seen[name] {
			return fmt.Errorf("%s.%v is given twice", at, token)
		}
		seen[name] = true
		if err := scan(d, at+"."+name, depth-1); err != nil {
			return err
		}
	}
	return nil
}
