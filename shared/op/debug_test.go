package op_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/op"
)

func TestDebugLinesAreTheLastMemberOfADocument(t *testing.T) {
	lines := []json.RawMessage{json.RawMessage(`{"msg":"a"}`), json.RawMessage(`{"msg":"b"}`)}
	for name, c := range map[string]struct{ document, want string }{
		"of one with members": {`{"status":"SUCCEEDED"}`, `{"status":"SUCCEEDED","debug":[{"msg":"a"},{"msg":"b"}]}`},
		"of an empty one":     {`{}`, `{"debug":[{"msg":"a"},{"msg":"b"}]}`},
		"of none":             {``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			got := op.WithDebug([]byte(c.document), lines)
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
			rest, cut := op.CutDebug(got)
			if string(rest) != c.document {
				t.Errorf("without them it is %s, want %s", rest, c.document)
			}
			if c.document != "" && len(cut) != 2 {
				t.Errorf("got %d lines back", len(cut))
			}
		})
	}
}

func TestADocumentWithoutDebugLinesIsLeftExactlyAsItIs(t *testing.T) {
	for _, document := range []string{
		`{"a": 1, "nested": {"debug": [{"msg":"x"}]}}`, `{"note":"\"debug\":[1]"}`, `{"debug":"own"}`, `[1,2]`, `7`, ``, `{"debug`,
		"{ \"a\" : 1 }\n", `{"debug":[{}],"after":1}`,
	} {
		if got, lines := op.CutDebug([]byte(document)); string(got) != document || lines != nil {
			t.Errorf("%q became %q with %d lines", document, got, len(lines))
		}
	}
	if got := op.WithDebug([]byte(`{"a":1}`), nil); string(got) != `{"a":1}` {
		t.Errorf("no lines made %s", got)
	}
}

func FuzzCutDebug(f *testing.F) {
	f.Add([]byte(`{"a":1,"debug":[{"msg":"a"}]}`))
	f.Add([]byte(`{"debug":[]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		rest, lines := op.CutDebug(document)
		if json.Valid(document) && !json.Valid(rest) {
			t.Errorf("%q became %q", document, rest)
		}
		if len(lines) == 0 && len(rest) > len(document) {
			t.Errorf("%q grew to %q", document, rest)
		}
	})
}

func TestOnlyTheValueOneAsksForDebugLines(t *testing.T) {
	for _, sent := range [][]string{nil, {"0"}, {"true"}, {""}, {"1", "1"}} {
		if op.AsksDebug(sent) {
			t.Errorf("%q asks", sent)
		}
	}
	if !op.AsksDebug([]string{"1"}) {
		t.Error("1 does not ask")
	}
}
