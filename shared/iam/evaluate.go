package iam

import (
	"fmt"
	"strings"
)

// Request is what somebody wants to do. What of its context it does not say is
// not there.
type Request struct {
	Action   string              `json:"action"`
	Resource string              `json:"resource"` // an ARN; "*" where the action knows no resource
	Context  map[string][]string `json:"context,omitempty"`
}

// String names the request in messages.
func (r Request) String() string { return fmt.Sprintf("%s on %s %v", r.Action, r.Resource, r.Context) }

// values are those of a key, whose letters have no case.
func (r Request) values(key string) []string {
	for name, values := range r.Context {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	return nil
}

// Grant is one part of a statement: an action pattern, a resource pattern, and
// of the first test on several values one value. It is what can be too much.
type Grant struct {
	Policy   string
	Sid      string
	Action   string
	Resource string
	Value    string // a pattern of dynamodb:LeadingKeys or the like; "" when there is no such test
}

// String is the grant on one line.
func (g Grant) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s/%s: %s on %s %s", g.Policy, g.Sid, g.Action, g.Resource, g.Value))
}

// Decision is what policies say of a request.
type Decision struct {
	Allowed bool
	By      string  // the statement that decided; "": none speaks of the request
	Used    []Grant // what allowed it, of every statement that did
}

// Evaluate judges a request: denied unless a statement allows it and none denies
// it. An error says that the request cannot be judged by these policies.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Evaluate(policies []Policy, r Request) (Decision, error) {
	var d Decision
	for _, p := range policies {
		for _, s := range p.Statements {
			used, err := s.speaksOf(p.Name, r)
			if err != nil {
				return Decision{}, fmt.Errorf("judging %s by %s/%s: %w", r, p.Name, s.Sid, err)
			}
			if len(used) == 0 {
				continue
			}
			if s.Deny {
				return Decision{By: p.Name + "/" + s.Sid}, nil
			}
			if !d.Allowed {
				d.Allowed, d.By = true, p.Name+"/"+s.Sid
			}
			d.Used = append(d.Used, used...)
		}
	}
	return d, nil
}

// speaksOf returns the parts of the statement that a request needs; none when it
// is not about the request.
func (s Statement) speaksOf(policy string, r Request) ([]Grant, error) {
	for _, t := range s.Tests {
		if ok, err := t.holds(r); err != nil || !ok {
			return nil, err
		}
	}
	var used []Grant
	for _, g := range s.grants(policy) {
		if matchAction(g.Action, r.Action) && matchARN(g.Resource, r.Resource) && s.needs(g.Value, r) {
			used = append(used, g)
		}
	}
	return used, nil
}

// needs reports whether a value of the test on several is one that the request
// has; a request without any needs them all alike.
func (s Statement) needs(pattern string, r Request) bool {
	t := s.severalValued()
	if t == nil {
		return true
	}
	o, err := parseOperator(t.Operator)
	if err != nil { // it was parsed before
		return false
	}
	values := r.values(t.Key)
	for _, v := range values {
		if o.equal(pattern, v) {
			return true
		}
	}
	return len(values) == 0
}

// severalValued is the first test on several values; nil for none.
func (s Statement) severalValued() *Test {
	for i, t := range s.Tests {
		if strings.HasPrefix(t.Operator, "For") {
			return &s.Tests[i]
		}
	}
	return nil
}

// grants are the parts of a statement.
func (s Statement) grants(policy string) []Grant {
	values := []string{""}
	if t := s.severalValued(); t != nil {
		values = t.Values
	}
	var all []Grant
	for _, a := range s.Actions {
		for _, r := range s.Resources {
			for _, v := range values {
				all = append(all, Grant{policy, s.Sid, a, r, v})
			}
		}
	}
	return all
}

// Unused are the parts of policies that none of these decisions needed, in the
// order of the policies.
func Unused(policies []Policy, decisions []Decision) []Grant {
	used := map[Grant]bool{}
	for _, d := range decisions {
		for _, g := range d.Used {
			used[g] = true
		}
	}
	var all []Grant
	for _, p := range policies {
		for _, s := range p.Statements {
			for _, g := range s.grants(p.Name) {
				if !s.Deny && !used[g] {
					all = append(all, g)
				}
			}
		}
	}
	return all
}
