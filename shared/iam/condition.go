package iam

import (
	"fmt"
	"slices"
	"strings"
)

// operator is a condition's operator, taken apart.
type operator struct {
	all, some bool // ForAllValues, ForAnyValue; neither: the key has one value
	ifExists  bool // a key that the request does not have holds
	negated   bool
	equal     func(pattern, value string) bool
}

// operators are the ones that are understood. ARNs are compared like resources.
func operators() map[string]operator {
	equal := func(want, value string) bool { return want == value }
	return map[string]operator{
		"StringEquals":    {equal: equal},
		"StringNotEquals": {equal: equal, negated: true},
		"StringLike":      {equal: match},
		"StringNotLike":   {equal: match, negated: true},
		"ArnEquals":       {equal: matchARN},
		"ArnLike":         {equal: matchARN},
		"Bool":            {equal: strings.EqualFold},
	}
}

func parseOperator(text string) (operator, error) {
	name, all := strings.CutPrefix(text, "ForAllValues:")
	name, some := strings.CutPrefix(name, "ForAnyValue:")
	name, ifExists := strings.CutSuffix(name, "IfExists")
	o, ok := operators()[name]
	if !ok || all && some || (all || some) && o.negated {
		return operator{}, fmt.Errorf("the condition operator %q is not understood", text)
	}
	o.all, o.some, o.ifExists = all, some, ifExists
	return o, nil
}

// holds reports whether a request is as the test wants it. A key that the
// request does not have holds for ForAllValues, for IfExists and for what is
// negated, and for nothing else. An error says that the request has several
// values of a key that the operator has one of.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func (t Test) holds(r Request) (bool, error) {
	o, err := parseOperator(t.Operator)
	if err != nil {
		return false, err
	}
	values := r.values(t.Key)
	fits := func(value string) bool {
		return slices.ContainsFunc(t.Values, func(want string) bool { return o.equal(want, value) }) != o.negated
	}
	misfits := func(value string) bool { return !fits(value) }
	switch {
	case o.all:
		return !slices.ContainsFunc(values, misfits), nil
	case len(values) == 0:
		return o.ifExists || o.negated, nil
	case o.some:
		return slices.ContainsFunc(values, fits), nil
	case len(values) > 1:
		return false, fmt.Errorf("the request has %d values of %s, and %s is about one", len(values), t.Key, t.Operator)
	}
	return fits(values[0]), nil
}
