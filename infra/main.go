// Command infra is the stage of the broker on AWS as a CDK app: `cdk synth` and
// `cdk deploy` run it, `make synth` and `make deploy` run those. Package plan
// says what a stage consists of; the files beside this one turn that into
// resources, one concern in each:
//
//	stacks.go     the three stacks, tags, what one hands to another
//	table.go      the table
//	functions.go  a function for each row of the catalogue
//	roles.go      roles and what they may do
//	flow.go       the workflows
//	schedule.go   what ticks each minute
//	events.go     bus, archive, outbox, what EC2 says, queues
//	api.go        the HTTP API, or the private one
//	alarms.go     alarms
//	dashboard.go  the dashboard
//	nag.go        what cdk-nag is told to leave, with reasons
//
// They use the constructs of CloudFormation's own types (L1): what stands here
// is what is deployed, and nothing is made beside it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n", err)
		os.Exit(1)
	}
}

// code is where the zips of the functions are, seen from this folder.
const code = "../build/arm64"

func run() error {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	context, err := contextOf(app)
	if err != nil {
		return err
	}
	cfg, err := plan.Parse(context)
	if err != nil {
		return fmt.Errorf("this context cannot be:\n%w", err)
	}
	if err := build(app, cfg, code); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// contextOf is the context of a stage: what the command line says, and beside
// it what stages/<stage>.json does, if there is one.
func contextOf(app awscdk.App) (map[string]any, error) {
	given, ok := app.Node().GetAllContext(nil).(map[string]any)
	if !ok {
		return nil, errors.New("CDK gives no context")
	}
	stage, ok := given["stage"].(string)
	if !ok {
		return given, nil
	}
	file := "stages/" + stage + ".json"
	text, err := os.ReadFile(file) //nolint:gosec // the stage is the operator's own word
	if errors.Is(err, fs.ErrNotExist) {
		return given, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the context of %s: %w", stage, err)
	}
	context := map[string]any{}
	if err := json.Unmarshal(text, &context); err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	for name, v := range given {
		context[name] = v
	}
	return context, nil
}
