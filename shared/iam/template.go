package iam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Template is a template of CloudFormation, as far as it is about roles.
type Template struct {
	resources map[string]resource
	values    map[string]string
}

type resource struct {
	Type       string
	Properties map[string]any
}

// ReadTemplate reads a template as JSON. The values are what only a deployment
// knows: AWS::Region, AWS::AccountId and AWS::Partition, parameters, and by the
// name of a resource what Ref gives, or by NAME.Arn what Fn::GetAtt gives, where
// the template fixes no name.
func ReadTemplate(document []byte, values map[string]string) (Template, error) {
	var d struct{ Resources map[string]resource }
	if err := json.Unmarshal(document, &d); err != nil {
		return Template{}, fmt.Errorf("reading a template: %w", err)
	}
	if len(d.Resources) == 0 {
		return Template{}, fmt.Errorf("reading a template: it has no resources")
	}
	return Template{resources: d.Resources, values: values}, nil
}

// Types of resources that hold policies.
const (
	roleType    = "AWS::IAM::Role"
	policyType  = "AWS::IAM::Policy"
	managedType = "AWS::IAM::ManagedPolicy"
)

// Roles are the names of the roles, sorted.
func (t Template) Roles() ([]string, error) {
	var names []string
	for id, r := range t.resources {
		if r.Type != roleType {
			continue
		}
		name, err := t.text(map[string]any{"Ref": id})
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Policies are those of a role, by its name: those within it, and those of the
// template that name it. A managed policy from elsewhere is an error: what it
// allows is not there to be judged.
func (t Template) Policies(role string) ([]Policy, error) {
	var all []Policy
	found := false
	for _, id := range slices.Sorted(maps.Keys(t.resources)) {
		r := t.resources[id]
		var some []Policy
		var err error
		switch r.Type {
		case roleType:
			var name string
			if name, err = t.text(map[string]any{"Ref": id}); err == nil && name == role {
				found = true
				some, err = t.inline(r)
			}
		case policyType, managedType:
			some, err = t.attached(id, r, role)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", id, err)
		}
		all = append(all, some...)
	}
	if !found {
		return nil, fmt.Errorf("the template has no role %q", role)
	}
	return all, nil
}

// inline are the policies within a role.
func (t Template) inline(r resource) ([]Policy, error) {
	if arns, ok := r.Properties["ManagedPolicyArns"].([]any); ok && len(arns) > 0 {
		return nil, fmt.Errorf("it has managed policies, whose documents are not here: %v", arns)
	}
	list, _ := r.Properties["Policies"].([]any) // a role may have none
	var all []Policy
	for _, p := range list {
		of, ok := p.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%v is no policy", p)
		}
		policy, err := t.policy(of["PolicyName"], of["PolicyDocument"])
		if err != nil {
			return nil, err
		}
		all = append(all, policy)
	}
	return all, nil
}

// attached is a policy of its own, when it names the role.
func (t Template) attached(id string, r resource, role string) ([]Policy, error) {
	list, _ := r.Properties["Roles"].([]any) // it may be for users
	for _, of := range list {
		name, err := t.text(of)
		if err != nil {
			return nil, err
		}
		if name == role {
			policy, err := t.policy(id, r.Properties["PolicyDocument"])
			return []Policy{policy}, err
		}
	}
	return nil, nil
}

func (t Template) policy(name, document any) (Policy, error) {
	called, err := t.text(name)
	if err != nil {
		return Policy{}, err
	}
	resolved, err := t.resolve(document)
	if err != nil {
		return Policy{}, err
	}
	text, err := json.Marshal(resolved)
	if err != nil {
		return Policy{}, err //nolint:wrapcheck // it was JSON before
	}
	return Parse(called, text)
}
