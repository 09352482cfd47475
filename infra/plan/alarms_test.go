package plan

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryAlarmHasItsRunbookAndEveryRunbookItsAlarm(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, m := range regexp.MustCompile(`(?m)^#### (.+)$`).FindAllStringSubmatch(string(page), -1) {
		written = append(written, m[1])
	}
	slices.Sort(written)
	var rung []string
	for _, a := range planned(t, both()).Alarms {
		rung = append(rung, a.Runbook)
	}
	slices.Sort(rung)
	if diff := cmp.Diff(written, slices.Compact(rung)); diff != "" {
		t.Errorf("runbooks (-docs/operations.md +alarms):\n%s", diff)
	}
}

func TestAlarmsHaveNamesOfTheirOwnAndAllThatCloudWatchNeeds(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range planned(t, both()).Alarms {
		if seen[a.Name] {
			t.Errorf("%s is there twice", a.Name)
		}
		seen[a.Name] = true
		if a.Name != "ohfp-prod-"+a.Part || a.Says == "" || a.Namespace == "" || a.Metric == "" || a.Statistic == "" || a.Threshold <= 0 || a.Every <= 0 || a.Periods <= 0 {
			t.Errorf("%+v", a)
		}
	}
}

// TestAnOperationThatEndsWithoutItsWishIsNoAlarm: providers fail every day.
func TestAnOperationThatEndsWithoutItsWishIsNoAlarm(t *testing.T) {
	n := namer{stage: "prod", at: here()}
	for _, a := range planned(t, both()).Alarms {
		machine := a.Dimensions["StateMachineArn"]
		if a.Metric == "ExecutionsFailed" && (machine == n.machine(executeStandard) || machine == n.machine(executeExpress)) {
			t.Errorf("%s rings when an operation fails", a.Name)
		}
		if a.Metric == "Errors" && regexp.MustCompile(`-(attempt|probe|sweep)-`).MatchString(a.Dimensions["FunctionName"]) {
			t.Errorf("%s rings when a provider fails", a.Name)
		}
	}
}
