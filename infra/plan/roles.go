package plan

import (
	"fmt"
	"slices"

	"github.com/openhostfactory/ohfp/shared/store/schema"
)

const lambdaService = "lambda.amazonaws.com"

// functionRole is what one function may do and nothing else: its own partitions
// of the table, its own log, the workflows that it starts.
func functionRole(c Config, n namer, f Function) (Role, error) {
	names := verbsOf(f)
	rights, err := rightsOf(slices.DeleteFunc(slices.Clone(names), ofWorkflows))
	if err != nil {
		return Role{}, err
	}
	addIdentity(rights, f)
	if slices.Contains(names, waitOperation) {
		addRights(rights, schema.OperationPK("<operation>")+"/*", []string{"Query"})
	}
	all := append(tableStatements(n, rights), logStatement(n, f))
	all = append(all, flowStatements(n, names)...)
	all = append(all, keyStatements(c, n)...)
	all = append(all, tracingStatements(c)...)
	if f.Provider == "aws" {
		all = append(all, assumeStatement(c, n))
	}
	if f.VPC != nil {
		all = append(all, vpcStatement())
	}
	return Role{Name: n.role(f.Folder), Principal: lambdaService, Statements: all}, nil
}

func ofWorkflows(name string) bool {
	return slices.Contains([]string{startOperation, waitOperation, probeNow}, name)
}

// addIdentity allows what every process does first: it looks how the table is
// laid out. What the schedule starts makes the broker's identity in an empty
// one, within a minute of the first deployment; no other function may.
func addIdentity(rights map[right]bool, f Function) {
	actions := []string{"GetItem"}
	if f.Operation.Name == due || f.Operation.Name == reconciling {
		actions = append(actions, "PutItem")
	}
	addRights(rights, schema.LayoutKey().String(), actions)
}

func logStatement(n namer, f Function) Statement {
	return Statement{
		Sid: "Log", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []string{n.at.arn("logs", "log-group:"+f.LogGroup+":log-stream:*")},
		Star:      "Lambda names the streams of a function's own log group.",
	}
}

// flowStatements allow to start the workflows that verbs start. A Standard
// execution is started and then seen in the ledger; an Express one is waited
// for.
func flowStatements(n namer, names []string) []Statement {
	var all []Statement
	if slices.Contains(names, startOperation) {
		all = append(all, Statement{Sid: "Start", Actions: []string{"states:StartExecution"}, Resources: []string{n.machine(executeStandard)}})
	}
	var sync []string
	if slices.Contains(names, waitOperation) {
		sync = append(sync, n.machine(executeExpress))
	}
	if slices.Contains(names, probeNow) {
		sync = append(sync, n.machine(healthCheck))
	}
	if len(sync) > 0 {
		all = append(all, Statement{Sid: "Run", Actions: []string{"states:StartSyncExecution"}, Resources: sync})
	}
	return all
}

// keyStatements allow what DynamoDB does with a site's own key in the name of
// who calls it, and only through DynamoDB.
func keyStatements(c Config, n namer) []Statement {
	if c.Key == "" {
		return nil
	}
	return []Statement{{
		Sid: "Key", Actions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"}, Resources: []string{c.Key},
		Condition: map[string]map[string][]string{"StringEquals": {"kms:ViaService": {fmt.Sprintf("dynamodb.%s.amazonaws.com", n.at.Region)}}},
	}}
}

// tracingStatements have no resource to name: X-Ray knows none.
func tracingStatements(c Config) []Statement {
	if !c.Tracing {
		return nil
	}
	return []Statement{{Sid: "Trace", Actions: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"}, Resources: []string{"*"}, Star: "X-Ray has no resources."}}
}

// assumeStatement allows the roles that accounts make for this broker. A
// registration without role_arn has no rights on AWS.
func assumeStatement(c Config, n namer) Statement {
	accounts := c.ProviderAccounts
	if len(accounts) == 0 {
		accounts = []string{n.at.Account}
	}
	s := Statement{
		Sid: "Providers", Actions: []string{"sts:AssumeRole"},
		Star: "An account makes a role for each registration; its trust policy asks for the broker's external id.",
	}
	for _, account := range accounts {
		s.Resources = append(s.Resources, n.at.arnIn(account, "iam", "role/ohfp-provider-*"))
	}
	return s
}

// vpcStatement is what Lambda does to put a function into a VPC.
func vpcStatement() Statement {
	return Statement{
		Sid: "Network", Resources: []string{"*"}, Star: "Lambda makes the interface, which has no name before.",
		Actions: []string{"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"},
	}
}
