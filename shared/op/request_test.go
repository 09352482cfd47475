package op_test

import (
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestRequestID(t *testing.T) {
	for sent, want := range map[string]string{
		"": "made", "a.B_c-9": "a.B_c-9", "two words": "made", "line\nbreak": "made", "ü": "made",
		strings.Repeat("a", 128): strings.Repeat("a", 128), strings.Repeat("a", 129): "made",
	} {
		if got := op.RequestID(sent, func() string { return "made" }); got != want {
			t.Errorf("%q: %q, want %q", sent, got, want)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	tests := []struct {
		name string
		sent []string
		want string
		ok   bool
	}{
		{"none", nil, "", true},
		{"one", []string{"k~1"}, "k~1", true},
		{"the longest", []string{strings.Repeat("k", 255)}, strings.Repeat("k", 255), true},
		{"an empty one", []string{""}, "", false},
		{"too long", []string{strings.Repeat("k", 256)}, "", false},
		{"two", []string{"a", "b"}, "", false},
		{"with a space", []string{"a b"}, "", false},
		{"not ASCII", []string{"ü"}, "", false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := op.IdempotencyKey(tc.sent)
			if got != tc.want || (err == nil) != tc.ok || (err != nil && !fault.Is(err, fault.InvalidRequest)) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestPrefers(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "respond-async": true, "wait=10, Respond-Async": true, "respond-async; q=1": true,
		`x="a, respond-async"`: false, `x="a\", respond-async"`: false, "respond-asynchronously": false,
	} {
		if got := op.Prefers([]string{"handling=lenient", header}, "respond-async"); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}

func TestCheckMedia(t *testing.T) {
	tests := []struct {
		name   string
		coding string
		types  []string
		empty  bool
		names  string // the header that is refused; "" for none
	}{
		{"JSON", "", []string{"application/json"}, false, ""},
		{"JSON with a charset", "identity", []string{"Application/JSON; charset=utf-8"}, false, ""},
		{"nothing of no type", "", nil, true, ""},
		{"something of no type", "", nil, false, "Content-Type"},
		{"another type", "", []string{"text/plain"}, false, "Content-Type"},
		{"another type of nothing", "", []string{"text/plain"}, true, "Content-Type"},
		{"two types", "", []string{"application/json", "application/json"}, false, "Content-Type"},
		{"no type at all", "", []string{";;"}, false, "Content-Type"},
		{"a coding", "gzip", []string{"application/json"}, false, "Content-Encoding"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			err := op.CheckMedia(tc.coding, tc.types, tc.empty)
			if (err == nil) != (tc.names == "") || (err != nil && fault.As(err).Fields[0].Field != tc.names) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestTypeInPath(t *testing.T) {
	const at = "/v1/commands/executeProviderOperation"
	for path, want := range map[string]string{
		at: "", at + "/": "", at + "/health_check": "HEALTH_CHECK", at + "/A-B": "", at + "/A/B": "",
		at + "/" + strings.Repeat("A", 65): "", "/v1/commands/registerTemplate/A": "",
	} {
		got, ok := op.TypeInPath(path)
		if got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", path, got, ok)
		}
	}
}

func TestWithType(t *testing.T) {
	tests := []struct{ name, body, kind, want string }{
		{"no type", `{"a":1}`, "", `{"a":1}`},
		{"nothing", ``, "X", `{"operation_type":"X"}`},
		{"an empty object", ` { } `, "X", `{"operation_type":"X"}`},
		{"other members", `{ "a":1}`, "X", `{"operation_type":"X","a":1}`},
		{"the same in another case", `{"operation_type":"x"}`, "X", `{"operation_type":"x"}`},
		{"another", `{"a":{"b":[]},"operation_type":"Y"}`, "X", ""},
		{"one inside another member does not count", `{"a":{"operation_type":"Y"}}`, "X", `{"operation_type":"X","a":{"operation_type":"Y"}}`},
		{"no object", `[1]`, "X", `[1]`},
		{"no JSON", `{"a":`, "X", `{"a":`},
		{"no string", `{"operation_type":3}`, "X", `{"operation_type":3}`},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			got, err := op.WithType([]byte(tc.body), tc.kind)
			if string(got) != tc.want || (err != nil) != (tc.want == "") {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

func FuzzWithType(f *testing.F) {
	for _, body := range []string{``, `{}`, ` { "a" : 1 } `, `{"operation_type":"Y"}`, `[`, `{"a":1`, `{} {}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := op.WithType(body, "X")
		if err == nil && len(got) < len(strings.TrimSpace(string(body))) {
			t.Errorf("%q lost something: %q", body, got)
		}
	})
}
