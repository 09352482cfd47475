package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPatternsOfTheSchemaBecomePartitions(t *testing.T) {
	for pattern, want := range map[string][2]string{
		"REG/P#<provider>":                           {"", "REG"},
		"REG/*":                                      {"", "REG"},
		"PROV#<provider>/CONF":                       {"", "PROV#*"},
		"MET#<provider>#<hour>/<minute>#<type>":      {"", "MET#*#*"},
		"IDEM#<principal>#<operation>#<key>/-":       {"", "IDEM#*#*#*"},
		"index open: OPEN#<0-7>, up to <time>":       {"open", "OPEN#*"},
		"index list: L#OP#<day>, newest first":       {"list", "L#OP#*"},
		"index open: ENDED#<provider>, since <time>": {"open", "ENDED#*"},
		"POOL#<provider>/H#<host>":                   {"", "POOL#*"},
	} {
		index, partition := partitionOf(pattern)
		if got := [2]string{index, partition}; got != want {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
}

func TestRightsAreWhatVerbsDo(t *testing.T) {
	got, err := rightsOf([]string{"DropKey", "OpenOperations", "Machines"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[right]bool{
		{"", "DeleteItem", "IDEM#*#*#*"}: true,
		{"open", "Query", "OPEN#*"}:      true,
		{"", "BatchGetItem", "MACH#*"}:   true,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(right{})); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
	if _, err := rightsOf([]string{"Machine"}); err == nil {
		t.Error("a verb that nobody has is granted")
	}
}

func TestPartitionsWithTheSameActionsStandInOneStatement(t *testing.T) {
	n := namer{stage: "prod", at: Place{"aws", "eu-north-1", "111122223333"}}
	got := tableStatements(n, map[right]bool{
		{"", "GetItem", "B#*"}: true, {"", "GetItem", "A#*"}: true, {"", "PutItem", "C"}: true, {"", "GetItem", "C"}: true, {"list", "Query", "L#*"}: true,
	})
	const table = "arn:aws:dynamodb:eu-north-1:111122223333:table/ohfp-prod"
	keys := func(k ...string) map[string]map[string][]string {
		return map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": k}}
	}
	want := []Statement{
		{Sid: "Table1", Actions: []string{"dynamodb:GetItem"}, Resources: []string{table}, Condition: keys("A#*", "B#*")},
		{Sid: "Table2", Actions: []string{"dynamodb:GetItem", "dynamodb:PutItem"}, Resources: []string{table}, Condition: keys("C")},
		{Sid: "Table3", Actions: []string{"dynamodb:Query"}, Resources: []string{table + "/index/list"}, Condition: keys("L#*")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}
