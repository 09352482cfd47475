package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// policyVersion is the version of IAM's language.
const policyVersion = "2012-10-17"

// role makes a role with its rights in it: no policy that could be attached to
// another.
func (s stage) role(stack awscdk.Stack, name *string, r plan.Role) awsiam.CfnRole {
	props := &awsiam.CfnRoleProps{
		RoleName: jsii.String(r.Name), Path: jsii.String(s.Config.RolePath),
		AssumeRolePolicyDocument: document(map[string]any{
			"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": r.Principal},
		}),
		Policies: &[]any{&awsiam.CfnRole_PolicyProperty{PolicyName: jsii.String("rights"), PolicyDocument: document(allowed(r.Statements)...)}},
	}
	if s.Config.PermissionsBoundary != "" {
		props.PermissionsBoundary = jsii.String(s.Config.PermissionsBoundary)
	}
	made := awsiam.NewCfnRole(stack, name, props)
	for _, st := range r.Statements {
		if st.Star != "" {
			suppress(made, "AwsSolutions-IAM5", st.Sid+": "+st.Star)
		}
	}
	return made
}

func document(statements ...any) map[string]any {
	return map[string]any{"Version": policyVersion, "Statement": statements}
}

func allowed(all []plan.Statement) []any {
	out := make([]any, len(all))
	for i, st := range all {
		m := map[string]any{"Sid": st.Sid, "Effect": "Allow", "Action": st.Actions, "Resource": st.Resources}
		if st.Condition != nil {
			m["Condition"] = st.Condition
		}
		out[i] = m
	}
	return out
}
