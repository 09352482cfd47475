package schema_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/store/schema"
)

func TestCursor_comes_back(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		want := schema.Cursor{PK: schema.OperationList.PK("2026-03-01"), SK: rapid.StringN(1, 64, 1024).Draw(r, "sk")}
		got, err := schema.ParseCursor(want.String(), schema.OperationList.PK(""))
		if err != nil || got != want {
			r.Errorf("want %q, got %q, %v", want, got, err)
		}
	})
}

func TestCursor_of_nothing_is_empty(t *testing.T) {
	if s := (schema.Cursor{}).String(); s != "" {
		t.Errorf("got %q", s)
	}
	if c, err := schema.ParseCursor("", "TPL"); err != nil || c != (schema.Cursor{}) {
		t.Errorf("got %q, %v", c, err)
	}
}

func TestParseCursor_refuses_what_the_list_did_not_give(t *testing.T) {
	other := schema.Cursor{PK: "TPL", SK: "a"}.String()
	for _, s := range []string{" ", "%%%", "AAAA", "MQ", other, other + "=", strings.Repeat("A", 1<<20)} {
		if _, err := schema.ParseCursor(s, schema.OperationList.PK("")); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%.20q: %v", s, err)
		}
	}
}

// FuzzParseCursor finds no cursor that is accepted and is not the one that
// the list gave: a cursor has one spelling.
func FuzzParseCursor(f *testing.F) {
	for _, s := range []string{"", "x", "MQBUUEwAYQ", schema.Cursor{PK: "TPL", SK: "a"}.String(), schema.Cursor{PK: "TPL", SK: "\x00"}.String()} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := schema.ParseCursor(s, "TPL")
		if err == nil && c.String() != s {
			t.Errorf("%q was read as %q, which is written %q", s, c, c.String())
		}
		if err != nil && !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%q: %v", s, err)
		}
	})
}
