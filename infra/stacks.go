package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/openhostfactory/ohfp/infra/plan"
)

// stage is a plan on its way into stacks.
type stage struct {
	plan.Plan
	code string // directory of the functions' zips
}

// build makes the stacks of a stage:
//
//	ohfp-<stage>-store   the table, which outlives everything else
//	ohfp-<stage>-broker  functions, workflows, schedule, events
//	ohfp-<stage>-front   the API, alarms and the dashboard
//
// An imported table has no store stack. Names are fixed, so that the stream of
// the table is all that one stack hands to another.
func build(app awscdk.App, cfg plan.Config, code string) error {
	p, err := plan.New(cfg, plan.Place{
		Partition: *awscdk.Aws_PARTITION(), Region: *awscdk.Aws_REGION(), Account: *awscdk.Aws_ACCOUNT_ID(),
	})
	if err != nil {
		return fmt.Errorf("planning stage %s: %w", cfg.Stage, err)
	}
	s := stage{p, code}
	if err := s.zipped(); err != nil {
		return err
	}
	stream := cfg.TableStreamARN
	store := awscdk.Stack(nil)
	if !p.Table.Imported {
		store = s.stack(app, "store", "The table of the broker ohfp: all that it knows.")
		stream = s.table(store)
	}
	broker := s.stack(app, "broker", "The broker ohfp: functions, workflows, schedule and events.")
	if store != nil {
		broker.AddDependency(store, nil)
	}
	s.functions(broker)
	s.machines(broker)
	s.schedule(broker)
	s.events(broker, stream)
	front := s.stack(app, "front", "The door of the broker ohfp: its API, alarms and dashboard.")
	front.AddDependency(broker, nil)
	api := s.api(front)
	s.alarms(front, api)
	s.dashboard(front, api)
	nag(app)
	awscdk.Tags_Of(app).Add(jsii.String("application"), jsii.String("ohfp"), nil)
	awscdk.Tags_Of(app).Add(jsii.String("ohfp:stage"), jsii.String(cfg.Stage), nil)
	return nil
}

func (s stage) stack(app awscdk.App, part, about string) awscdk.Stack {
	name := "ohfp-" + s.Config.Stage + "-" + part
	return awscdk.NewStack(app, jsii.String(name), &awscdk.StackProps{
		StackName: jsii.String(name), Description: jsii.String(about), TerminationProtection: jsii.Bool(part == "store"),
	})
}

// zipped looks for the zip of every function.
func (s stage) zipped() error {
	var missing []string
	for _, f := range s.Functions {
		if _, err := os.Stat(s.zip(f)); err != nil {
			missing = append(missing, f.Folder)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%s has no zip of %s: make functions ARCH=arm64 builds them", s.code, strings.Join(missing, ", "))
	}
	return nil
}

func (s stage) zip(f plan.Function) string { return filepath.Join(s.code, f.Folder+".zip") }

// id is the name of a resource in its template: AttemptAwsRole.
func id(name, what string) *string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return jsii.String(b.String() + what)
}
