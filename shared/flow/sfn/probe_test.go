package sfn_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/flow/sfn"
)

// FuzzRecorded: whatever a workflow answers, only a list of checks that were
// all recorded is a check.
func FuzzRecorded(f *testing.F) {
	for _, seed := range []string{`[{"recorded": true}]`, `[{"recorded": true}, {"recorded": false}]`, `[]`, `null`, `{}`, `[null]`, `[{"recorded": 1}]`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, output string) {
		if sfn.Recorded(output) != nil {
			return
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(output), &all); err != nil || len(all) == 0 {
			t.Fatalf("%q is a check: %v", output, err)
		}
		for _, one := range all {
			said := false
			for member, v := range one {
				said = said || strings.EqualFold(member, "recorded") && v == true
			}
			if !said {
				t.Errorf("%q is a check", output)
			}
		}
	})
}
