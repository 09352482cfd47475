package wire_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

type color string

func (color) Values() []string { return []string{"RED", "GREEN"} }

type criteria struct {
	RequireHealthy *bool    `json:"require_healthy,omitempty" doc:"Only healthy."`
	Exclude        []string `json:"exclude,omitempty" doc:"Not these." format:"name" maxlen:"3"`
	Panic          string   `json:"panic,omitempty" doc:"Try the others." planned:"panic mode is not built"`
}

type paging struct {
	Limit int `json:"limit" doc:"How many." min:"1" max:"100" default:"25"`
}

type request struct {
	paging
	Name     string            `json:"strategy_name" doc:"Name." required:"true" format:"name"`
	Weight   int               `json:"weight" doc:"Weight." min:"0" max:"1000" default:"100"`
	Small    int8              `json:"small,omitempty" doc:"Small."`
	Price    *float64          `json:"price,omitempty" doc:"Price." min:"0"`
	Color    color             `json:"color,omitempty" doc:"Color." default:"green"`
	Mode     string            `json:"mode,omitempty" doc:"Mode." enum:"open,frozen"`
	Colors   []color           `json:"colors,omitempty" doc:"Colors."`
	Criteria criteria          `json:"selection_criteria,omitzero" doc:"Criteria."`
	Optional *paging           `json:"optional,omitempty" doc:"Optional."`
	Nested   paging            `json:"nested" doc:"Nested."`
	List     []paging          `json:"list,omitempty" doc:"List."`
	Tags     map[string]string `json:"tags,omitempty" doc:"Tags." maxlen:"2"`
	Config   json.RawMessage   `json:"config,omitempty" doc:"Config."`
	Open     map[string]any    `json:"open,omitempty" doc:"Anything."`
	Since    *time.Time        `json:"since,omitempty" doc:"Since."`
	Enabled  bool              `json:"enabled,omitempty" doc:"Enabled."`
}

func with(rest string) string { return `{"strategy_name":"a",` + rest + `}` }

func TestDecode_sets_defaults_also_nested_ones(t *testing.T) {
	var got request
	if err := wire.Decode([]byte(`{"strategy_name":"aws-1","list":[{},{"limit":2.0}],"colors":["red"],"mode":"OPEN"}`), &got, wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	want := request{
		paging: paging{25}, Name: "aws-1", Weight: 100, Color: "GREEN", Mode: "open", Colors: []color{"RED"},
		Nested: paging{25}, List: []paging{{25}, {2}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{})); diff != "" {
		t.Error(diff)
	}
}

func TestDecode_refuses(t *testing.T) {
	cases := []struct{ name, body, field, message string }{
		{"a misspelt key in an object", with(`"selection_criteria":{"require_healty":true}`), "selection_criteria.require_healty", `unknown key; did you mean "require_healthy"?`},
		{"a key in another case", with(`"Weight":3`), "Weight", `unknown key; did you mean "weight"?`},
		{"a key in camel case", with(`"selectionCriteria":{}`), "selectionCriteria", `unknown key; did you mean "selection_criteria"?`},
		{"a key one level too high", with(`"require_healthy":true`), "require_healthy", `unknown key; did you mean "selection_criteria.require_healthy"?`},
		{"a key that resembles nothing", `{"strategy_name":"a","nested":{"zzzzz":1}}`, "nested.zzzzz", `unknown key; known: limit`},
		{"a key with a dot", with(`"a.b":1`), `"a.b"`, "unknown key; known: "},
		{"the empty key", with(`"":1`), `""`, "unknown key"},
		{"a key given twice", with(`"weight":1,"weight":2`), "weight", "the key is given twice"},
		{"a key given twice in a map", with(`"tags":{"a":"1","a":"2"}`), "tags.a", "the key is given twice"},
		{"a key given twice in free JSON", with(`"config":[{"a":1,"a":1}]`), "config[0].a", "the key is given twice"},
		{"a string for an integer", with(`"weight":"3"`), "weight", "want an integer, got a string"},
		{"a fraction for an integer", with(`"weight":2.5`), "weight", "want an integer, got 2.5"},
		{"a fraction beyond a float's digits", with(`"weight":1.00000000000000000000001`), "weight", "want an integer, got 1.00000000000000000000001"},
		{"null for an integer", with(`"weight":null`), "weight", "want an integer, got null"},
		{"an integer below", with(`"weight":-1`), "weight", "want 0 to 1000, got -1"},
		{"an integer above", with(`"weight":1001`), "weight", "want 0 to 1000, got 1001"},
		{"an integer that overflows its type", with(`"small":128`), "small", "128 is out of range"},
		{"an integer that overflows everything", with(`"small":1e300`), "small", "1e300 is out of range"},
		{"a number that no float holds", with(`"price":1e999`), "price", "the number 1e999 is out of range"},
		{"a number too long", with(`"open":{"a":` + strings.Repeat("1", 65) + `}`), "open.a", "the number has 65 characters; the limit is 64"},
		{"a negative price", with(`"price":-0.5`), "price", "want 0 or more, got -0.5"},
		{"an object for a number", with(`"price":{}`), "price", "want a number, got an object"},
		{"a word of no enum", with(`"color":"greeen"`), "color", `"greeen" is none of RED, GREEN; did you mean GREEN?`},
		{"a word of no enum in a list", with(`"colors":["RED","blue"]`), "colors[1]", `"blue" is none of RED, GREEN`},
		{"no name", with(`"selection_criteria":{"exclude":["ok","-x"]}`), "selection_criteria.exclude[1]", `"-x" is not a name: want 1 to 64 letters`},
		{"a list too long for its rule", with(`"selection_criteria":{"exclude":["a","b","c","d"]}`), "selection_criteria.exclude", "want at most 3 items, got 4"},
		{"a map too large for its rule", with(`"tags":{"a":"","b":"","c":""}`), "tags", "want at most 2 keys, got 3"},
		{"a number in a string map", with(`"tags":{"a":1}`), "tags.a", "want a string, got a number"},
		{"an object for a list", with(`"colors":{}`), "colors", "want a list, got an object"},
		{"a list for an object", with(`"nested":[]`), "nested", "want an object, got a list"},
		{"a string for true or false", with(`"enabled":"true"`), "enabled", "want true or false, got a string"},
		{"a day for a time", with(`"since":"2026-01-01"`), "since", "want a time such as"},
		{"a missing key", `{}`, "strategy_name", "required"},
		{"null for what is required", `{"strategy_name":null}`, "strategy_name", "want a string, got null"},
		{"an empty required string", `{"strategy_name":""}`, "strategy_name", "must not be empty"},
		{"a body that is a list", `[]`, "", "the body must be an object, not a list"},
		{"null as the body", `null`, "", "the body must be an object, not null"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got request
			err := fault.As(wire.Decode([]byte(c.body), &got, wire.Limits{}))
			if err == nil {
				t.Fatal("was accepted")
			}
			if err.Code != fault.InvalidRequest || len(err.Fields) != 1 {
				t.Fatalf("got %v", err)
			}
			if f := err.Fields[0]; f.Field != c.field || !strings.HasPrefix(f.Message, c.message) {
				t.Errorf("got  %s: %s\nwant %s: %s", f.Field, f.Message, c.field, c.message)
			}
			if !strings.Contains(err.Detail, c.message) {
				t.Errorf("the detail is not useful alone: %s", err.Detail)
			}
			if diff := cmp.Diff(request{}, got, cmp.AllowUnexported(request{})); diff != "" {
				t.Errorf("into was changed: %s", diff)
			}
		})
	}
}

func TestDecode_refuses_the_whole_body(t *testing.T) {
	deep := strings.Repeat("[", 16) + strings.Repeat("]", 16)
	cases := []struct {
		name, body string
		code       fault.Code
		detail     string
	}{
		{"nothing where a key is required", " \n", fault.InvalidRequest, "the body is empty; required: strategy_name"},
		{"too many bytes", with(`"config":"` + strings.Repeat("x", 70_000) + `"`), fault.TooLarge, "the body has 70033 bytes; the limit is 65536"},
		{"too deep", with(`"config":` + deep), fault.InvalidRequest, "the body has more than 16 objects and lists in one another"},
		{"trailing data", `{"strategy_name":"a"} {}`, fault.InvalidRequest, "the body is not valid JSON at line 1, column 23: invalid character '{' after top-level value"},
		{"a comment", "{\n  # no\n}", fault.InvalidRequest, "the body is not valid JSON at line 2, column 3: invalid character '#' looking for beginning of object key string"},
		{"half an object", `{"strategy_name":`, fault.InvalidRequest, "the body is not valid JSON at line 1, column 17: unexpected end of JSON input"},
		{"bytes that are no UTF-8", "{\"strategy_name\":\"a\xff\"}", fault.InvalidRequest, "the body is not valid JSON at line 1, column 20: a byte that is not UTF-8"},
		{"an escaped NUL", `{"strategy_name":"a\u0000"}`, fault.InvalidRequest, "the body is not valid JSON at line 1, column 20: a NUL character"},
		{"a raw NUL", "{\"strategy_name\":\"a\x00\"}", fault.InvalidRequest, `the body is not valid JSON at line 1, column 20: invalid character '\x00' in string literal`},
		{"half a surrogate pair", `{"strategy_name":"\ud83dx"}`, fault.InvalidRequest, "the body is not valid JSON at line 1, column 19: the first half of a surrogate pair alone"},
		{"the other half", `{"strategy_name":"\\\ude00"}`, fault.InvalidRequest, "the body is not valid JSON at line 1, column 21: the second half of a surrogate pair alone"},
		{"what is planned", with(`"selection_criteria":{"panic":"allow"}`), fault.NotSupported, "selection_criteria.panic: not supported yet: panic mode is not built"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := fault.As(wire.Decode([]byte(c.body), new(request), wire.Limits{}))
			if err == nil || err.Code != c.code || err.Detail != c.detail {
				t.Errorf("got  %v\nwant %s: %s", err, c.code, c.detail)
			}
		})
	}
}

func TestDecode_reports_all_problems_together(t *testing.T) {
	err := fault.As(wire.Decode([]byte(`{"weigth":1,"small":300,"mode":"x","selection_criteria":{"panic":"allow"},"nested":{"limit":0}}`), new(request), wire.Limits{}))
	var got []string
	for _, f := range err.Fields {
		got = append(got, f.Field)
	}
	want := []string{"weigth", "strategy_name", "small", "mode", "selection_criteria.panic", "nested.limit"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err.Code != fault.InvalidRequest {
		t.Errorf("a planned key among wrong ones made it %s", err.Code)
	}
	if !strings.HasSuffix(err.Detail, "; and 3 more") {
		t.Errorf("detail: %s", err.Detail)
	}
}

func TestDecode_stops_counting_at_twenty_problems(t *testing.T) {
	body := with(`"colors":[` + strings.Repeat(`"blue",`, 49) + `"blue"]`)
	err := fault.As(wire.Decode([]byte(body), new(request), wire.Limits{}))
	if len(err.Fields) != 20 || !strings.HasSuffix(err.Detail, "; and 47 more") {
		t.Errorf("got %d fields, %s", len(err.Fields), err.Detail)
	}
}

func TestDecode_obeys_given_limits(t *testing.T) {
	lim := wire.Limits{Body: 50, Depth: 2, List: 2, At: "strategy_config"}
	var v struct {
		L []any `json:"l"`
	}
	for body, want := range map[string]string{
		`{"l":[1,2]}`:                       "",
		`{"l":[1,2,3]}`:                     "strategy_config.l: has 3 items; the limit is 2",
		`{"l":[{}]}`:                        "the body has more than 2 objects and lists in one another",
		`{"l":["` + strings.Repeat("x", 50): "the body has 57 bytes; the limit is 50",
		`{"x":1,"y":2,"z":3}`:               "strategy_config: has 3 keys; the limit is 2",
		`{"m":1}`:                           `strategy_config.m: unknown key; did you mean "l"?`,
	} {
		err := fault.As(wire.Decode([]byte(body), &v, lim))
		if got := detail(err); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func detail(e *fault.Error) string {
	if e == nil {
		return ""
	}
	return e.Detail
}

func TestDecode_takes_null_as_absent_where_go_has_nil(t *testing.T) {
	var got request
	body := with(`"price":null,"colors":null,"tags":null,"config":null,"optional":null,"since":null`)
	if err := wire.Decode([]byte(body), &got, wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	if got.Price != nil || got.Colors != nil || got.Tags != nil || got.Config != nil || got.Optional != nil || got.Since != nil {
		t.Errorf("got %+v", got)
	}
}

func TestDecode_keeps_free_JSON_to_the_letter(t *testing.T) {
	var got request
	if err := wire.Decode([]byte(with(`"config": {"b": 1.50, "a": ["<\u00e9\n\"\\>"]}`)), &got, wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	if want := `{"b":1.50,"a":["<é\n\"\\>"]}`; string(got.Config) != want {
		t.Errorf("got %s, want %s", got.Config, want)
	}
}

func TestDecode_of_an_encoded_value_is_that_value(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRequest(t)
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got request
		if err := wire.Decode(body, &got, wire.Limits{}); err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func anyRequest(t *rapid.T) request {
	word := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_-]{0,20}`)
	free := rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
	limit := rapid.Custom(func(t *rapid.T) paging { return paging{rapid.IntRange(1, 100).Draw(t, "limit")} })
	price := rapid.Float64Range(0, 1e300)
	r := request{
		paging: limit.Draw(t, "page"), Name: word.Draw(t, "name"), Weight: rapid.IntRange(0, 1000).Draw(t, "weight"),
		Small: rapid.Int8().Draw(t, "small"), Color: rapid.SampledFrom([]color{"RED", "GREEN"}).Draw(t, "color"),
		Mode: rapid.SampledFrom([]string{"open", "frozen"}).Draw(t, "mode"), Nested: limit.Draw(t, "nested"),
		Optional: rapid.Ptr(limit, true).Draw(t, "optional"), Price: rapid.Ptr(price, true).Draw(t, "price"),
		Criteria: criteria{RequireHealthy: rapid.Ptr(rapid.Bool(), true).Draw(t, "healthy")},
		Enabled:  rapid.Bool().Draw(t, "enabled"),
	}
	if rapid.Bool().Draw(t, "maps") {
		r.Tags = map[string]string{free.Draw(t, "key"): free.Draw(t, "value")}
		r.Open = map[string]any{free.Draw(t, "free"): []any{price.Draw(t, "n"), nil, free.Draw(t, "s")}}
		r.List = []paging{limit.Draw(t, "item")}
		r.Criteria.Exclude = []string{word.Draw(t, "exclude")}
		now := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "since"), 0).UTC()
		r.Since = &now
	}
	return r
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"strategy_name":"a"}`, with(`"weight":2e0`), with(`"tags":{"\ud83d\ude00":"x"}`), with(`"config":[1,[2]]`),
		with(`"selection_criteria":{"exclude":["a"]}`), `{"strategy_name":"a","since":"2026-01-01T00:00:00Z"}`, "\xff", `{"a":1,"a":2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first request
		if err := wire.Decode(data, &first, wire.Limits{}); err != nil {
			if e := fault.As(err); e.Code == fault.Internal || e.Detail == "" {
				t.Fatalf("no useful error: %v", err)
			}
			return
		}
		again, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		var second request
		if err := wire.Decode(again, &second, wire.Limits{Body: 1 << 20}); err != nil {
			t.Fatalf("%s was read and written as %s: %v", data, again, err)
		}
		if diff := cmp.Diff(first, second, cmp.AllowUnexported(request{})); diff != "" {
			t.Fatal(diff)
		}
	})
}
