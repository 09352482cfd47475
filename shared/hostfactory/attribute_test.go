package hostfactory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/hostfactory"
)

func TestAttributesAreTwoTexts(t *testing.T) {
	got := hostfactory.Attributes(map[string]any{
		"ncpus": 2.0, "nram": json.Number("4096"), "type": "X86_64", "gpu": true, "local": false, "ncores": 8, "price": 0.25, "zone": "a",
	}, hostfactory.Symphony)
	want := map[string]hostfactory.Attribute{
		"ncpus": {"Numeric", "2"}, "nram": {"Numeric", "4096"}, "type": {"String", "X86_64"}, "gpu": {"Boolean", "1"},
		"local": {"Boolean", "0"}, "ncores": {"Numeric", "8"}, "price": {"Numeric", "0.25"}, "zone": {"String", "a"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestWhatASchedulerCannotDoWithoutIsAssumedAndMemoryIsNot(t *testing.T) {
	want := map[string]hostfactory.Attribute{"type": {"String", "X86_64"}, "ncpus": {"Numeric", "4"}, "ncores": {"Numeric", "4"}}
	if diff := cmp.Diff(want, hostfactory.Attributes(map[string]any{"ncpus": 4.0}, hostfactory.LSF)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestLSFReadsMemoryUnderAnotherName(t *testing.T) {
	for _, tc := range []struct {
		scheduler hostfactory.Scheduler
		stored    map[string]any
		want      hostfactory.Attribute
	}{
		{hostfactory.LSF, map[string]any{"nram": 8192.0}, hostfactory.Attribute{"Numeric", "8192"}},
		{hostfactory.LSF, map[string]any{"nram": 8192.0, "mem": 4096.0}, hostfactory.Attribute{"Numeric", "4096"}},
		{hostfactory.Symphony, map[string]any{"nram": 8192.0}, nil},
		{hostfactory.Symphony, map[string]any{"mem": 8192.0}, hostfactory.Attribute{"Numeric", "8192"}},
		{hostfactory.LSF, map[string]any{"mem": " 8192 "}, hostfactory.Attribute{"Numeric", "8192"}},
	} {
		if diff := cmp.Diff(tc.want, hostfactory.Attributes(tc.stored, tc.scheduler)["mem"]); diff != "" {
			t.Errorf("%s, %v (-want +got):\n%s", tc.scheduler, tc.stored, diff)
		}
	}
}

func TestSymphonyReadsMemoryUnderItsOwnName(t *testing.T) {
	want := hostfactory.Attribute{"Numeric", "8192"}
	if diff := cmp.Diff(want, hostfactory.Attributes(map[string]any{"mem": 8192.0}, hostfactory.Symphony)["nram"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if nram, there := hostfactory.Attributes(map[string]any{"mem": 8192.0}, hostfactory.LSF)["nram"]; there {
		t.Errorf("LSF is told of nram: %v", nram)
	}
}

func TestAmountsAreNumbersAlsoWhereATemplateHasThemAsText(t *testing.T) {
	want := map[string]hostfactory.Attribute{
		"ncpus": {"Numeric", "2"}, "ncores": {"Numeric", "2"}, "nram": {"Numeric", "4096"}, "type": {"String", "X86_64"}, "zone": {"String", "7"}, "mem": {"String", "much"},
	}
	got := hostfactory.Attributes(map[string]any{"ncpus": "2", "nram": " 4096 ", "zone": "7", "mem": "much"}, hostfactory.Symphony)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAttributesAreReadInAnyShape(t *testing.T) {
	for input, want := range map[string]any{
		`2`: 2.0, `"2"`: "2", `true`: true, `"X86_64"`: "X86_64",
		`["Numeric", "2"]`: 2.0, `["Numeric", 2]`: 2.0, `["numeric", " 2.5 "]`: 2.5,
		`["String", "X86_64"]`: "X86_64", `["String", 7]`: "7", `["4096"]`: "4096", `[4096]`: 4096.0,
		`["Boolean", "1"]`: true, `["Boolean", 0]`: false, `["Boolean", true]`: true,
	} {
		got, ok := read(t, input)
		if diff := cmp.Diff(want, got); diff != "" || !ok {
			t.Errorf("%s: %t (-want +got):\n%s", input, ok, diff)
		}
	}
	for _, input := range []string{`null`, `[]`, `["Numeric"]`, `["boolean"]`, `[[]]`, `["Numeric", "two"]`, `["Numeric", "NaN"]`, `["Numeric", "Inf"]`, `["Boolean", "maybe"]`, `["Word", "x"]`, `[1, 2]`, `["String", {}]`, `{}`} {
		if got, ok := read(t, input); ok {
			t.Errorf("%s is read as %v", input, got)
		}
	}
}

func read(t *testing.T, input string) (any, bool) {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(input), &v); err != nil {
		t.Fatal(err)
	}
	return hostfactory.Value(v)
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	for _, v := range []any{2.0, 0.5, "X86_64", true, false} {
		written := hostfactory.Attributes(map[string]any{"a": v}, hostfactory.LSF)["a"]
		if got, ok := hostfactory.Value([]any{written[0], written[1]}); !ok || got != v {
			t.Errorf("%v is written %v and read as %v", v, written, got)
		}
	}
}

func TestTagsAreOneText(t *testing.T) {
	for want, tags := range map[string]map[string]string{
		"":                                  nil,
		"company=abc;project=grid;team=xyz": {"team": "xyz", "company": "abc", "project": "grid"},
		"a b=one two;formula=x=1":           {"a=b": "one;two", "formula": "x=1"},
	} {
		if got := hostfactory.Tags(tags); got != want {
			t.Errorf("want %q, got %q", want, got)
		}
	}
}
