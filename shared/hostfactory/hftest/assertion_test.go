package hftest_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/openhostfactory/ohfp/shared/hostfactory/hftest"
)

func TestAssertionsHoldAndFailAsTheySay(t *testing.T) {
	const answer = `{"requests": [{"id": "a", "n": 1, "list": ["x"]}, {"id": "b", "n": 2.5}], "none": []}`
	for _, tc := range []struct {
		path, op, value string
		holds           bool
	}{
		{"requests[*].id", "type", `"string"`, true},
		{"requests[*].n", "type", `"integer"`, false},
		{"requests[0].n", "type", `"integer"`, true},
		{"requests", "len", `2`, true},
		{"requests", "len", `3`, false},
		{"requests[0].list[0]", "eq", `"x"`, true},
		{"requests[0].list", "eq", `["y"]`, false},
		{"requests[*].id", "in", `["a", "b"]`, true},
		{"requests[*].id", "in", `["a"]`, false},
		{"requests[*].id", "contains", `"b"`, true},
		{"requests[*].id", "contains", `"c"`, false},
		{"requests[0].id", "matches", `"^[a-z]$"`, true},
		{"requests[0].id", "matches", `"^[0-9]$"`, false},
		{"none", "nonempty", `null`, false},
		{"requests[0].id", "nonempty", `null`, true},
		{"requests[2].id", "eq", `"a"`, false},
		{"missing", "absent", `null`, true},
		{"none", "absent", `null`, false},
		{"requests[*].id", "subset_of_input", `"ids[*]"`, true},
		{"requests[*].id", "subset_of_input", `"others[*]"`, false},
		{"none", "no such word", `null`, false},
	} {
		t.Run(fmt.Sprint(tc.path, " ", tc.op, " ", tc.value), func(t *testing.T) {
			c := hftest.Call{
				Input:  json.RawMessage(`{"ids": ["a", "b", "c"], "others": ["a"]}`),
				Assert: []hftest.Assertion{{Path: tc.path, Op: tc.op, Value: json.RawMessage(tc.value)}},
			}
			if wrong := c.Check([]byte(answer)); (len(wrong) == 0) != tc.holds {
				t.Errorf("%v", wrong)
			}
		})
	}
}
