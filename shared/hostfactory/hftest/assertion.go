package hftest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Assertion is what must hold of the values at a path of an answer: of every
// one where [*] is in the path, of any one for contains.
type Assertion struct {
	Path  string          `json:"path"`
	Op    string          `json:"op"`
	Value json.RawMessage `json:"value"`
}

func (a Assertion) check(out, in any) error {
	values := at(out, a.Path)
	switch a.Op {
	case "absent":
		if len(values) > 0 {
			return fmt.Errorf("it is there: %v", values)
		}
		return nil
	case "contains":
		return a.contains(values)
	}
	if len(values) == 0 && !strings.Contains(a.Path, "[*]") {
		return errors.New("there is no such value")
	}
	for _, v := range values {
		if err := a.holds(v, in); err != nil {
			return err
		}
	}
	return nil
}

func (a Assertion) contains(values []any) error {
	var want any
	if err := json.Unmarshal(a.Value, &want); err != nil {
		return err
	}
	if !among(want, values) {
		return fmt.Errorf("none of %v is it", values)
	}
	return nil
}

func (a Assertion) holds(v, in any) error {
	var want any
	if len(a.Value) > 0 {
		if err := json.Unmarshal(a.Value, &want); err != nil {
			return err
		}
	}
	if a.Op == "matches" {
		return matches(v, want)
	}
	test, known := tests[a.Op]
	switch {
	case !known:
		return errors.New("nobody knows this assertion")
	case !test(v, want, in):
		return fmt.Errorf("got %v", v)
	}
	return nil
}

// tests say whether a value is as wanted, by the word of the assertion.
var tests = map[string]func(v, want, in any) bool{
	"eq":       func(v, want, _ any) bool { return reflect.DeepEqual(v, want) },
	"type":     func(v, want, _ any) bool { return typeOf(v) == want },
	"nonempty": func(v, _, _ any) bool { return sizeOf(v) > 0 },
	"len":      func(v, want, _ any) bool { return float64(sizeOf(v)) == want },
	"in": func(v, want, _ any) bool {
		list, ok := want.([]any)
		return ok && among(v, list)
	},
	"subset_of_input": func(v, want, in any) bool {
		path, ok := want.(string)
		return ok && among(v, at(in, path))
	},
}

func among(v any, list []any) bool {
	return slices.ContainsFunc(list, func(w any) bool { return reflect.DeepEqual(v, w) })
}

func matches(v, want any) error {
	text, isText := v.(string)
	expression, isPattern := want.(string)
	if !isText || !isPattern {
		return fmt.Errorf("want text, got %v", v)
	}
	ok, err := regexp.MatchString(expression, text)
	if err == nil && !ok {
		err = fmt.Errorf("got %q", text)
	}
	return err
}

func typeOf(v any) any {
	switch v := v.(type) {
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
	}
	return reflect.TypeOf(v)
}

func sizeOf(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		return len(v)
	case map[string]any:
		return len(v)
	}
	return 0
}

var step = regexp.MustCompile(`^([^.\[\]]+)((?:\[(?:\*|[0-9]+)\])*)(?:\.|$)`)

// at returns the values at a path such as requests[*].machines[0].name.
func at(v any, path string) []any {
	values := []any{v}
	for path != "" && path != "$" {
		m := step.FindStringSubmatch(path)
		if m == nil {
			return nil
		}
		path = path[len(m[0]):]
		values = each(values, func(v any) []any { return member(v, m[1]) })
		for _, i := range strings.FieldsFunc(m[2], func(r rune) bool { return r == '[' || r == ']' }) {
			values = each(values, func(v any) []any { return items(v, i) })
		}
	}
	return values
}

func each(values []any, next func(any) []any) (out []any) {
	for _, v := range values {
		out = append(out, next(v)...)
	}
	return out
}

func member(v any, name string) []any {
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	m, there := object[name]
	if !there {
		return nil
	}
	return []any{m}
}

func items(v any, index string) []any {
	list, ok := v.([]any)
	if !ok || index == "*" {
		return list
	}
	i, err := strconv.Atoi(index)
	if err != nil || i >= len(list) {
		return nil
	}
	return list[i : i+1]
}
