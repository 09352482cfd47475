package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/openhostfactory/ohfp/shared/wire"
)

// value is a member of the context: text when it comes from a command line,
// else whatever JSON holds.
type value struct{ raw any }

func (v value) text() (string, error) {
	s, ok := v.raw.(string)
	if !ok {
		return "", fmt.Errorf("want text, got %v", v.raw)
	}
	return strings.TrimSpace(s), nil
}

// list takes a JSON list of texts, or texts between commas.
func (v value) list() ([]string, error) {
	if s, ok := v.raw.(string); ok && !strings.HasPrefix(strings.TrimSpace(s), "[") {
		var out []string
		for part := range strings.SplitSeq(s, ",") {
			out = append(out, strings.TrimSpace(part))
		}
		return out, nil
	}
	var out []string
	if err := v.decode(&out); err != nil {
		return nil, errors.New("want names with commas between them, or a JSON list of texts")
	}
	return out, nil
}

func (v value) number() (int, error) {
	n, err := strconv.Atoi(fmt.Sprint(v.raw))
	if err != nil {
		return 0, fmt.Errorf("want a whole number, got %v", v.raw)
	}
	return n, nil
}

func (v value) yes() (bool, error) {
	switch fmt.Sprint(v.raw) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, fmt.Errorf("want true or false, got %v", v.raw)
}

// decode reads JSON, given as text or as what it holds.
func (v value) decode(into any) error {
	text, err := v.json()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("reading JSON: %w", err)
	}
	return nil
}

// object reads a JSON object strictly: unknown members are errors.
func (v value) object(into any) error {
	text, err := v.json()
	if err != nil {
		return err
	}
	return wire.Decode(text, into, wire.Limits{}) //nolint:wrapcheck // it says which member
}

func (v value) json() ([]byte, error) {
	if s, ok := v.raw.(string); ok {
		return []byte(s), nil
	}
	text, err := json.Marshal(v.raw)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return text, nil
}
