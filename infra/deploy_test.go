package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// account is a stand-in for the AWS CLI: by the words that a call begins with,
// what it answers; a call that is not here fails.
type account map[string]string

// well is an account in which nothing is in the way.
func well() account {
	return account{
		"sts get-caller-identity":                                          "111122223333",
		"configure get region":                                             "",
		"cloudformation describe-stacks --stack-name CDKToolkit":           "{}",
		"lambda get-account-settings":                                      "1000",
		"iam get-account-summary":                                          "1000	120",
		"iam get-policy --policy-arn arn:aws:iam::111122223333:policy/fit": "{}",
	}
}

// preflight runs the script in an account, with a context.
func preflight(t *testing.T, a account, context ...string) (said string, passed bool) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("NOT TESTED: what a deployment looks at first, because it needs Node.js")
	}
	var script strings.Builder
	script.WriteString("#!/usr/bin/env bash\ncase \"$*\" in\n")
	for call, answer := range a {
		script.WriteString("\"" + call + "\"*) echo '" + answer + "' ;;\n")
	}
	script.WriteString("*) exit 254 ;;\nesac\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "aws"), []byte(script.String()), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "../.ci/infra/preflight", context...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "AWS_REGION=eu-north-1")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

func TestPreflightSaysWhatIsInTheWayAndWhatToDo(t *testing.T) {
	without := func(call string) account {
		a := well()
		delete(a, call)
		return a
	}
	with := func(call, answer string) account {
		a := well()
		a[call] = answer
		return a
	}
	for name, c := range map[string]struct {
		in      account
		context []string
		passes  bool
		says    string
	}{
		"nothing":                      {well(), nil, true, "stage dev in account 111122223333, eu-north-1"},
		"nobody's credentials":         {without("sts get-caller-identity"), nil, false, "aws sso login"},
		"an account without bootstrap": {without("cloudformation describe-stacks --stack-name CDKToolkit"), nil, false, ".ci/infra/cdk bootstrap aws://111122223333/eu-north-1\n"},
		"a bootstrap under a boundary": {
			without("cloudformation describe-stacks --stack-name CDKToolkit"),
			[]string{"-c", "permissionsBoundary=arn:aws:iam::111122223333:policy/fit"},
			false, "--custom-permissions-boundary fit",
		},
		"a new account":        {with("lambda get-account-settings", "10"), nil, false, "runs 10 functions at once here"},
		"an account of roles":  {with("iam get-account-summary", "1000	960"), nil, false, "room for 40 roles"},
		"no such boundary":     {well(), []string{"-c", "permissionsBoundary=arn:aws:iam::111122223333:policy/none"}, false, "there is no policy arn:aws:iam::111122223333:policy/none"},
		"such a boundary":      {well(), []string{"-c", "permissionsBoundary=arn:aws:iam::111122223333:policy/fit"}, true, "nothing is in the way"},
		"no such topic":        {well(), []string{"-c", "alarmTopic=arn:aws:sns:eu-north-1:111122223333:none"}, false, "there is no topic"},
		"a table that is left": {with("dynamodb describe-table --table-name ohfp-prod", "arn:t	arn:t/stream/1"), []string{"-c", "stage=prod"}, false, `CONTEXT="stage=prod tableArn=arn:t tableStreamArn=arn:t/stream/1"`},
		"a table that is taken": {
			with("dynamodb describe-table --table-name ohfp-prod", "arn:t	arn:t/stream/1"),
			[]string{"-c", "stage=prod", "-c", "tableArn=arn:t"},
			true, "nothing is in the way",
		},
	} {
		t.Run(name, func(t *testing.T) {
			said, passed := preflight(t, c.in, c.context...)
			if passed != c.passes || !strings.Contains(said, c.says) {
				t.Errorf("it passes: %v, want %v; it says\n%s\nand not %q", passed, c.passes, said, c.says)
			}
		})
	}
}
