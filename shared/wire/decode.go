package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/openhostfactory/ohfp/shared/fault"
)

// Decode reads one JSON object into the struct that into points to, by the
// rules of its tags, and sets the defaults of absent keys. null is the same as
// absent where the Go type has a nil. Enums are stored in their listed
// spelling. An empty body is {} when no key is required.
//
// Errors are [*fault.Error]: too_large; not_supported when all that is wrong
// are keys that are planned; invalid_request otherwise, with up to 20 fields.
// into is changed only when there is no error.
func Decode(data []byte, into any, lim Limits) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return fmt.Errorf("decoding into %T: want a pointer", into)
	}
	lim = lim.withDefaults()
	s := SchemaOf(target.Type().Elem())
	if err := errors.Join(s.errs...); err != nil {
		return fmt.Errorf("decoding into %T: %w", into, err)
	}
	normal, err := normalise(data, s, lim)
	if err != nil {
		return err
	}
	fresh := reflect.New(target.Type().Elem())
	fresh.Elem().Set(target.Elem())
	if err := json.Unmarshal(normal, fresh.Interface()); err != nil {
		return &fault.Error{Code: fault.InvalidRequest, Detail: "the body does not fit: " + err.Error(), Err: err}
	}
	target.Elem().Set(fresh.Elem())
	return nil
}

// normalise checks a document against a schema and returns it as encoding/json
// may read it: known keys, defaults set, enums in their listed spelling.
func normalise(data []byte, s *Schema, lim Limits) ([]byte, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		if err := emptyBody(s, lim); err != nil {
			return nil, err
		}
		data = []byte("{}")
	}
	n, found, err := parse(data, lim)
	if err != nil {
		return nil, err
	}
	c := checker{problems: found}
	c.value(&Field{Schema: s}, s, &n, root(lim.At))
	if err := c.err(); err != nil {
		return nil, err
	}
	return c.out, nil
}

func emptyBody(s *Schema, lim Limits) error {
	var missing []string
	var found problems
	for _, f := range s.Fields {
		if f.Required {
			missing = append(missing, f.Name)
			found.add(root(lim.At).child(f.Name), "required")
		}
	}
	err := fault.As(found.err())
	if err == nil {
		return nil
	}
	err.Detail = "the body is empty; required: " + strings.Join(missing, ", ")
	return err
}
