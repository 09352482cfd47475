package wire_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

func TestCanonical_writes_all_spellings_alike(t *testing.T) {
	for want, spellings := range map[string][]string{
		`{}`:                         {"", " \n", "{ }"},
		`{"a":1,"b":[true,null]}`:    {`{"b":[true,null],"a":1}`, "{\n\t\"a\": 1.0,\n \"b\": [ true , null ] }", `{"\u0061":10e-1,"b":[true,null]}`},
		`{"a":{"x":"é\n<","y":0.1}}`: {`{"a":{"y":1e-1,"x":"\u00e9\u000a\u003c"}}`, `{"a":{"y":0.10,"x":"é\n<"}}`},
		`[9007199254740993]`:         {`[9007199254740993]`, `[9007199254740993.0]`},
		`[1e+64,1e-07]`:              {`[1e64,0.0000001]`, `[10e63,1.0E-7]`},
		`[0,-1]`:                     {`[0,-1]`, `[-0,-1.0]`, `[0e5,-10e-1]`},
	} {
		for _, s := range spellings {
			got, err := wire.Canonical([]byte(s))
			if err != nil || string(got) != want {
				t.Errorf("%q: got %s, %v; want %s", s, got, err, want)
			}
		}
	}
}

func TestCanonical_keeps_apart_what_differs(t *testing.T) {
	seen := map[string]string{}
	for _, s := range []string{
		`{"a":1}`, `{"a":"1"}`, `{"a":1.5}`, `{"a":null}`, `{}`, `[]`, `{"a":[]}`, `{"a":{}}`, `{"a":true}`, `{"A":1}`,
		`{"a":9007199254740993}`, `{"a":9007199254740992}`, `{"a":[1,2]}`, `{"a":[2,1]}`, `null`, `""`, `{"a":""}`,
	} {
		got, err := wire.Canonical([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(got)]; ok {
			t.Errorf("%s and %s are both %s", s, other, got)
		}
		seen[string(got)] = s
	}
}

func TestCanonical_refuses_what_has_two_readings(t *testing.T) {
	for _, s := range []string{`{"a":1,"a":1}`, `{"a":1e999}`, `{`, `"\ud800"`, "\"\xff\""} {
		if got, err := wire.Canonical([]byte(s)); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("%s: got %s, %v", s, got, err)
		}
	}
}

func TestCanonical_of_a_canonical_document_is_itself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(anyRequest(t))
		if err != nil {
			t.Fatal(err)
		}
		once, err := wire.Canonical(body)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := wire.Canonical(once)
		if err != nil || !cmp.Equal(once, twice) {
			t.Fatalf("%s became %s: %v", once, twice, err)
		}
	})
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":1,"a":[2.50,"\u00e9"]}`, ``, `[1e400]`, `[1E-999999999999999999999]`, `{"":{"":0}}`, "[\"\x7f\"]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := wire.Canonical(data)
		if err != nil {
			return
		}
		if !json.Valid(once) {
			t.Fatalf("%q became %s", data, once)
		}
		if twice, err := wire.Canonical(once); err != nil || string(twice) != string(once) {
			t.Fatalf("%s became %s: %v", once, twice, err)
		}
	})
}

func TestStripComments_blanks_comments_outside_strings(t *testing.T) {
	for in, want := range map[string]string{
		"{\"a\": 1 # one\n}":                "{\"a\": 1      \n}",
		"// all\r\n{}":                      "      \r\n{}",
		`{"a":"http://x#y"} # z`:            `{"a":"http://x#y"}    `,
		`{"a":"\"#"}//`:                     `{"a":"\"#"}  `,
		`{"a": 1 / 2}`:                      `{"a": 1 / 2}`,
		"{\"open\n# next line is a comment": "{\"open\n                        ",
		`"\`:                                `"\`,
		``:                                  ``,
	} {
		if got := string(wire.StripComments([]byte(in))); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzStripComments(f *testing.F) {
	for _, seed := range []string{"{} # x", `{"a":"#"}`, "\"\\", "//", "#"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := string(data)
		got := wire.StripComments(data)
		if string(data) != before || len(got) != len(data) {
			t.Fatal("the input was changed, or its length")
		}
		if json.Valid(data) && string(got) != before {
			t.Fatalf("plain JSON was changed: %s became %s", before, got)
		}
	})
}
