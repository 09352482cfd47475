package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/store/schema"
	"github.com/openhostfactory/ohfp/statemachines"
	"github.com/openhostfactory/ohfp/statemachines/walk"
)

func TestTheTableIsThatOfTheSchema(t *testing.T) {
	table := stacks(t, "plain")["store"].Resources["Table"]
	spec := schema.Table()
	keys := func(partition, sort string) []any {
		return []any{map[string]any{"AttributeName": partition, "KeyType": "HASH"}, map[string]any{"AttributeName": sort, "KeyType": "RANGE"}}
	}
	attribute := func(name string) any { return map[string]any{"AttributeName": name, "AttributeType": "S"} }
	attributes := []any{attribute(spec.PartitionKey), attribute(spec.SortKey)}
	var indexes []any
	for _, x := range spec.Indexes {
		indexes = append(indexes, map[string]any{"IndexName": x.Name, "KeySchema": keys(x.PartitionKey, x.SortKey), "Projection": map[string]any{"ProjectionType": "ALL"}})
		attributes = append(attributes, attribute(x.PartitionKey), attribute(x.SortKey))
	}
	want := map[string]any{
		"TableName": "ohfp-dev", "BillingMode": "PAY_PER_REQUEST", "KeySchema": keys(spec.PartitionKey, spec.SortKey), "AttributeDefinitions": attributes,
		"GlobalSecondaryIndexes":           indexes,
		"TimeToLiveSpecification":          map[string]any{"AttributeName": spec.TTL, "Enabled": true},
		"StreamSpecification":              map[string]any{"StreamViewType": "NEW_IMAGE"},
		"PointInTimeRecoverySpecification": map[string]any{"PointInTimeRecoveryEnabled": true},
		"DeletionProtectionEnabled":        true,
		"Tags":                             table.Properties["Tags"],
	}
	if diff := cmp.Diff(want, table.Properties); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if table.DeletionPolicy != "Retain" || len(stacks(t, "plain")["store"].Resources) != 1 {
		t.Errorf("the table goes with its stack, or is not alone: %s", table.DeletionPolicy)
	}
}

func TestAnImportedTableHasNoStack(t *testing.T) {
	s := stacks(t, "private")
	if _, made := s["store"]; made {
		t.Error("a store is made beside the table that was named")
	}
	if got := s["broker"].Resources["Outbox"].Properties["Source"]; got != tableARN+"/stream/2026-01-01T00:00:00.000" {
		t.Errorf("events are read from %v", got)
	}
}

// TestDeployedDefinitionsWalk loads what is deployed, without the time-out, as
// the one-machine broker loads the files.
func TestDeployedDefinitionsWalk(t *testing.T) {
	broker := stacks(t, "plain")["broker"]
	for id, file := range map[string]string{
		"ExecuteFlow": statemachines.ExecuteWithFailover, "ExecuteExpressFlow": statemachines.ExecuteWithFailover,
		"HealthCheckFlow": statemachines.HealthCheck, "ReconcileFlow": statemachines.Reconcile,
	} {
		text, err := statemachines.Definition(file)
		if err != nil {
			t.Fatal(err)
		}
		want, got := object(t, text), object(t, []byte(broker.Resources[id].Properties["DefinitionString"].(string)))
		delete(got, "TimeoutSeconds")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-file +deployed):\n%s", id, diff)
		}
		without, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := walk.Load(id, without); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func object(t *testing.T, text []byte) (out map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNoWorkflowLogsWhatItWasGiven(t *testing.T) {
	for name := range sites() {
		flows := stacks(t, name)["broker"].of("AWS::StepFunctions::StateMachine")
		for id, f := range flows {
			logging := f.Properties["LoggingConfiguration"].(map[string]any)
			if logging["IncludeExecutionData"] != false || logging["Level"] != "ERROR" {
				t.Errorf("%s of site %s: %v", id, name, logging)
			}
		}
		if len(flows) != 5 {
			t.Errorf("site %s has %d workflows", name, len(flows))
		}
	}
}

func TestTheScheduleStartsBothWorkflowsEachMinute(t *testing.T) {
	got := map[string]string{}
	for _, s := range stacks(t, "plain")["broker"].of("AWS::Scheduler::Schedule") {
		target := s.Properties["Target"].(map[string]any)
		got[last(target["Arn"].(string), ":")] = fmt.Sprint(s.Properties["ScheduleExpression"], " ", target["Input"])
	}
	want := map[string]string{
		"ohfp-dev-health-check": `rate(1 minute) {"due":{},"functions":{"due":"ohfp-dev-due"}}`,
		"ohfp-dev-reconcile":    `rate(1 minute) {"functions":{"reconcile":"ohfp-dev-reconcile"}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("schedule (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeDeliveredIsKept(t *testing.T) {
	broker := stacks(t, "plain")["broker"]
	queue := func(name string) string {
		return "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:ohfp-dev-" + name
	}
	at := func(v any, path ...string) any {
		for _, name := range path {
			if list, ok := v.([]any); ok {
				v = list[0]
			}
			v = v.(map[string]any)[name]
		}
		return v
	}
	for name, c := range map[string]struct {
		got  any
		want string
	}{
		"events":   {at(broker.Resources["Outbox"].Properties, "SourceParameters", "DynamoDBStreamParameters", "DeadLetterConfig", "Arn"), "untold-events"},
		"ticks":    {at(broker.Resources["ReconcileTick"].Properties, "Target", "DeadLetterConfig", "Arn"), "late-ticks"},
		"notices":  {at(broker.Resources["AccountNotices"].Properties, "Targets", "DeadLetterConfig", "Arn"), "lost-notices"},
		"forwards": {at(broker.Resources["ForwardedNotices"].Properties, "Targets", "DeadLetterConfig", "Arn"), "lost-notices"},
	} {
		if c.got != queue(c.want) {
			t.Errorf("%s go to %v", name, c.got)
		}
	}
}

func TestTheBusAcceptsNoticesOfTheOrganisationAlone(t *testing.T) {
	if _, open := stacks(t, "plain")["broker"].Resources["BusPolicy"]; open {
		t.Error("a bus that nobody opened accepts events of others")
	}
	got := stacks(t, "full")["broker"].Resources["BusPolicy"].Properties["Statement"]
	want := map[string]any{
		"Sid": "Forwarded", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
		"Resource":  "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/ohfp-prod",
		"Condition": map[string]any{"StringEquals": map[string]any{"events:source": "aws.ec2", "aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policy of the bus (-want +got):\n%s", diff)
	}
}

func TestAlarmsTellTheTopicOfTheSite(t *testing.T) {
	for id, a := range stacks(t, "full")["front"].of("AWS::CloudWatch::Alarm") {
		for _, action := range []string{"AlarmActions", "OKActions"} {
			if diff := cmp.Diff([]any{"arn:aws:sns:eu-north-1:111122223333:on-call"}, a.Properties[action]); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", action, id, diff)
			}
		}
	}
	for id, a := range stacks(t, "plain")["front"].of("AWS::CloudWatch::Alarm") {
		if a.Properties["AlarmActions"] != nil {
			t.Errorf("%s tells %v", id, a.Properties["AlarmActions"])
		}
	}
}

func TestOneSilenceIsAnAlarm(t *testing.T) {
	var got []string
	for id, a := range stacks(t, "plain")["front"].of("AWS::CloudWatch::Alarm") {
		if a.Properties["TreatMissingData"] == "breaching" {
			got = append(got, id)
		}
	}
	if !slices.Equal(got, []string{"NoTickAlarm"}) {
		t.Errorf("silence is an alarm for %v", got)
	}
}

func TestTheDashboardIsOneThatCloudWatchReads(t *testing.T) {
	for name := range sites() {
		for id, d := range stacks(t, name)["front"].of("AWS::CloudWatch::Dashboard") {
			body := object(t, []byte(d.Properties["DashboardBody"].(string)))
			for _, w := range body["widgets"].([]any) {
				p := w.(map[string]any)["properties"].(map[string]any)
				if lines, ok := p["metrics"].([]any); !ok || len(lines) == 0 || p["title"] == "" || p["region"] != "${AWS::Region}" {
					t.Errorf("%s of site %s: %v", id, name, p)
				}
			}
		}
	}
}

// TestTextsFit holds the limits of CloudFormation: 256 characters of a
// function's description.
func TestTextsFit(t *testing.T) {
	for id, f := range stacks(t, "full")["broker"].of("AWS::Lambda::Function") {
		if about := f.Properties["Description"].(string); about == "" || len(about) > 256 {
			t.Errorf("%s: %q", id, about)
		}
	}
}

func TestAMissingZipIsSaidWithTheRemedy(t *testing.T) {
	err := stage{code: t.TempDir(), Plan: onePlan(t)}.zipped()
	if err == nil || !strings.Contains(err.Error(), "no zip of attempt-aws, ") || !strings.Contains(err.Error(), "make functions ARCH=arm64") {
		t.Errorf("got %v", err)
	}
}
