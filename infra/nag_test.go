package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exceptions are the rules that somewhere are not kept, each with its reasons in
// the code.
func exceptions() []string {
	return []string{"AwsSolutions-APIG1", "AwsSolutions-APIG2", "AwsSolutions-APIG3", "AwsSolutions-APIG6", "AwsSolutions-IAM5", "AwsSolutions-SF1", "AwsSolutions-SF2", "AwsSolutions-SQS3"}
}

func TestTheRulesOfCDKNagAreKeptOrExplained(t *testing.T) {
	var suppressed []string
	checked := 0
	for name := range sites() {
		stacks(t, name)
		for _, file := range glob(t, filepath.Join(built, name, "AwsSolutions-*-NagReport.csv")) {
			for _, line := range report(t, file) {
				checked++
				rule, resource, verdict, reason := line[0], line[1], line[2], line[3]
				switch verdict {
				case "Compliant", "N/A":
				case "Suppressed":
					if len(reason) < 20 {
						t.Errorf("%s at %s is suppressed for %q", rule, resource, reason)
					}
					suppressed = append(suppressed, rule)
				default:
					t.Errorf("%s at %s is %s: %s", rule, resource, verdict, line[5])
				}
			}
		}
	}
	slices.Sort(suppressed)
	if diff := cmp.Diff(exceptions(), slices.Compact(suppressed)); diff != "" {
		t.Errorf("rules that are not kept everywhere (-reviewed +now):\n%s", diff)
	}
	if checked < 400 {
		t.Errorf("only %d verdicts: the rules were not applied", checked)
	}
}

// report is a report of cdk-nag without its head.
func report(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%s: %d lines, %v", file, len(lines), err)
	}
	return lines[1:]
}
