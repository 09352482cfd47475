package iam

import "fmt"

// kind is a type of resource: where its name stands, and what its ARN is made
// of.
type kind struct {
	name    string // the property that fixes it
	service string
	format  string // of the ARN's last field
	global  bool   // its ARN names no region
	refARN  bool   // Ref gives the ARN instead of the name
}

func kinds() map[string]kind {
	return map[string]kind{
		"AWS::DynamoDB::Table":             {name: "TableName", service: "dynamodb", format: "table/%s"},
		"AWS::DynamoDB::GlobalTable":       {name: "TableName", service: "dynamodb", format: "table/%s"},
		"AWS::Events::EventBus":            {name: "Name", service: "events", format: "event-bus/%s"},
		"AWS::IAM::Role":                   {name: "RoleName", service: "iam", format: "role/%s", global: true},
		"AWS::Lambda::Function":            {name: "FunctionName", service: "lambda", format: "function:%s"},
		"AWS::Logs::LogGroup":              {name: "LogGroupName", service: "logs", format: "log-group:%s:*"},
		"AWS::SQS::Queue":                  {name: "QueueName", service: "sqs", format: "%s"},
		"AWS::StepFunctions::StateMachine": {name: "StateMachineName", service: "states", format: "stateMachine:%s", refARN: true},
	}
}

// ref is what Ref gives of a resource, a parameter, or a pseudo parameter.
func (t Template) ref(id string) (string, error) {
	if v, ok := t.values[id]; ok {
		return v, nil
	}
	r, ok := t.resources[id]
	if !ok {
		return "", fmt.Errorf("nobody says what %s is", id)
	}
	k, ok := kinds()[r.Type]
	if !ok {
		return "", fmt.Errorf("a Ref to %s, a %s, is not understood", id, r.Type)
	}
	if k.refARN {
		return t.arn(id, r, k)
	}
	return t.name(id, r, k)
}

func (t Template) name(id string, r resource, k kind) (string, error) {
	property, ok := r.Properties[k.name]
	if !ok {
		return "", fmt.Errorf("%s has no %s: its name is not known", id, k.name)
	}
	return t.text(property)
}

// attribute is what Fn::GetAtt gives: ARNs alone are understood.
func (t Template) attribute(argument any) (string, error) {
	list, ok := argument.([]any)
	if !ok || len(list) != 2 {
		return "", fmt.Errorf("a Fn::GetAtt of %v is not understood", argument)
	}
	key := fmt.Sprintf("%v.%v", list[0], list[1])
	if v, ok := t.values[key]; ok {
		return v, nil
	}
	id, _ := list[0].(string)
	r, there := t.resources[id]
	k, known := kinds()[r.Type]
	if !there || !known || list[1] != "Arn" {
		return "", fmt.Errorf("nobody says what %s is", key)
	}
	return t.arn(id, r, k)
}

func (t Template) arn(id string, r resource, k kind) (string, error) {
	name, err := t.name(id, r, k)
	if err != nil {
		return "", err
	}
	at := map[string]string{}
	for _, pseudo := range []string{"AWS::Partition", "AWS::Region", "AWS::AccountId"} {
		if at[pseudo], err = t.ref(pseudo); err != nil {
			return "", err
		}
	}
	if k.global {
		at["AWS::Region"] = ""
	}
	return fmt.Sprintf("arn:%s:%s:%s:%s:", at["AWS::Partition"], k.service, at["AWS::Region"], at["AWS::AccountId"]) + fmt.Sprintf(k.format, name), nil
}
