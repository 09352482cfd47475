package iam

import (
	"fmt"
	"regexp"
	"strings"
)

// resolve gives a value with all functions of CloudFormation in it carried out.
func (t Template) resolve(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = t.resolve(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		if name, argument, ok := function(v); ok {
			return t.call(name, argument)
		}
		out := make(map[string]any, len(v))
		for key := range v {
			var err error
			if out[key], err = t.resolve(v[key]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}

// function reports whether a value is a call of a function of CloudFormation.
func function(v map[string]any) (name string, argument any, ok bool) {
	if len(v) != 1 {
		return "", nil, false
	}
	for name, argument = range v {
		return name, argument, name == "Ref" || name == "Condition" || strings.HasPrefix(name, "Fn::")
	}
	return "", nil, false
}

func (t Template) call(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		id, ok := argument.(string)
		if !ok {
			return nil, fmt.Errorf("a Ref to %v is not understood", argument)
		}
		return t.ref(id)
	case "Fn::GetAtt":
		return t.attribute(argument)
	case "Fn::Join":
		return t.join(argument)
	case "Fn::Sub":
		return t.sub(argument)
	}
	return nil, fmt.Errorf("the function %s is not understood", name)
}

// text resolves a value that must be one text.
func (t Template) text(value any) (string, error) {
	v, err := t.resolve(value)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%v is no text", v)
	}
	return s, nil
}

func (t Template) join(argument any) (string, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return "", fmt.Errorf("a Fn::Join of %v is not understood", argument)
	}
	between, isText := list[0].(string)
	parts, isList := list[1].([]any)
	if !isText || !isList {
		return "", fmt.Errorf("a Fn::Join of %v is not understood", argument)
	}
	out := make([]string, len(parts))
	for i := range parts {
		var err error
		if out[i], err = t.text(parts[i]); err != nil {
			return "", err
		}
	}
	return strings.Join(out, between), nil
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

// sub fills ${NAME} and ${NAME.Attribute}; ${!x} stays as ${x}.
func (t Template) sub(argument any) (string, error) {
	text, ok := argument.(string)
	if !ok {
		return "", fmt.Errorf("a Fn::Sub with values of its own is not understood: %v", argument)
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := p[2 : len(p)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		value, err := t.named(name)
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return out, failed
}

func (t Template) named(name string) (string, error) {
	if id, attribute, ok := strings.Cut(name, "."); ok {
		return t.attribute([]any{id, attribute})
	}
	return t.ref(name)
}
