package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Policy is a policy document.
type Policy struct {
	Name       string // of the policy, for messages; not of the document
	Statements []Statement
}

// Statement is one statement of a policy.
type Statement struct {
	Sid       string
	Deny      bool
	Actions   []string
	Resources []string
	Tests     []Test // all must hold
}

// Test is one key of a condition: an operator over what the request says of it.
type Test struct {
	Operator string // as it is written: ForAllValues:StringLike
	Key      string
	Values   []string
}

// Parse reads a policy document. What it does not understand is an error.
func Parse(name string, document []byte) (Policy, error) {
	var d struct {
		Version, ID string
		Statement   json.RawMessage
	}
	if err := strict(document, &d); err != nil {
		return Policy{}, fmt.Errorf("reading policy %q: %w", name, err)
	}
	if d.Version != "2012-10-17" {
		return Policy{}, fmt.Errorf("reading policy %q: version %q is not understood", name, d.Version)
	}
	p := Policy{Name: name}
	list, err := many(d.Statement)
	if err != nil || len(list) == 0 {
		return Policy{}, fmt.Errorf("reading policy %q: it has no statements: %w", name, err)
	}
	for i, s := range list {
		st, err := parseStatement(s)
		if err != nil {
			return Policy{}, fmt.Errorf("reading statement %d of policy %q: %w", i+1, name, err)
		}
		p.Statements = append(p.Statements, st)
	}
	return p, nil
}

// strict decodes a document whose every member must be known.
func strict(document []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// many reads a list, or the one value that stands for a list of one.
func many(raw json.RawMessage) (list []json.RawMessage, err error) {
	if trimmed := bytes.TrimSpace(raw); len(trimmed) > 0 && trimmed[0] != '[' {
		return []json.RawMessage{raw}, nil
	}
	err = json.Unmarshal(raw, &list)
	return list, err
}

func texts(raw json.RawMessage) ([]string, error) {
	list, err := many(raw)
	if err != nil {
		return nil, err
	}
	all := make([]string, len(list))
	for i := range list {
		if err := json.Unmarshal(list[i], &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func parseStatement(raw json.RawMessage) (Statement, error) {
	var d struct {
		Sid, Effect      string
		Action, Resource json.RawMessage
		Condition        map[string]map[string]json.RawMessage
	}
	if err := strict(raw, &d); err != nil {
		return Statement{}, err
	}
	if d.Effect != "Allow" && d.Effect != "Deny" {
		return Statement{}, fmt.Errorf("effect %q is not understood", d.Effect)
	}
	s := Statement{Sid: d.Sid, Deny: d.Effect == "Deny"}
	var err error
	if s.Actions, err = checked(d.Action, checkAction); err != nil {
		return Statement{}, fmt.Errorf("reading its actions: %w", err)
	}
	if s.Resources, err = checked(d.Resource, checkResource); err != nil {
		return Statement{}, fmt.Errorf("reading its resources: %w", err)
	}
	s.Tests, err = parseTests(d.Condition)
	return s, err
}

// checked reads texts of which there must be some, each as check wants it.
func checked(raw json.RawMessage, check func(string) error) ([]string, error) {
	all, err := texts(raw)
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("there are none: %w", err)
	}
	for _, text := range all {
		if err := check(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func checkAction(text string) error {
	service, action, ok := strings.Cut(text, ":")
	if text != "*" && (!ok || service == "" || action == "" || strings.ContainsAny(service, "*?")) {
		return fmt.Errorf("%q is no action", text)
	}
	return nil
}

func checkResource(text string) error {
	if text != "*" && (!strings.HasPrefix(text, "arn:") || len(strings.SplitN(text, ":", fields)) != fields) {
		return fmt.Errorf("%q is no ARN with all its fields", text)
	}
	return checkVariable(text)
}

// checkVariable refuses policy variables, which stand for what a request says.
func checkVariable(text string) error {
	if strings.Contains(text, "${") {
		return fmt.Errorf("%q has a policy variable, which is not understood", text)
	}
	return nil
}

func parseTests(condition map[string]map[string]json.RawMessage) ([]Test, error) {
	var all []Test
	for operator, keys := range condition {
		if _, err := parseOperator(operator); err != nil {
			return nil, err
		}
		for key, raw := range keys {
			values, err := checked(raw, checkVariable)
			if err != nil {
				return nil, fmt.Errorf("reading the condition on %s: %w", key, err)
			}
			all = append(all, Test{Operator: operator, Key: key, Values: values})
		}
	}
	slices.SortFunc(all, func(a, b Test) int { return strings.Compare(a.Operator+a.Key, b.Operator+b.Key) })
	return all, nil
}
