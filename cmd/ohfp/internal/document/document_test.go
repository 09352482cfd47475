package document_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/document"
	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/show"
)

func Example() {
	doc, err := document.Parse("site.yaml", []byte("providers:\n  - strategy_name: pool-a # in the cellar\n    priority: 1\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", doc.Marshal())
	fmt.Println("priority is on line", doc.LineOf("providers[0].priority"))
	// Output:
	// {"providers":[{"strategy_name":"pool-a","priority":1}]}
	// priority is on line 3
}

func TestParse_reads_YAML_and_JSON_alike(t *testing.T) {
	for name, c := range map[string]struct{ file, in, want string }{
		"blocks":                {"f.yaml", "a: 1\nb:\n  - x\n  - {c: 2, d: [1, 2]}\n", `{"a":1,"b":["x",{"c":2,"d":[1,2]}]}`},
		"numbers":               {"f.yaml", "a: 1_000\nb: 0x1F\nc: 0o17\nd: 1.50\ne: -1e3\nf: 0\ng: -7\nh: 0.5\n", `{"a":1000,"b":31,"c":15,"d":1.50,"e":-1e3,"f":0,"g":-7,"h":0.5}`},
		"words that are words":  {"f.yaml", "a: yes\nb: on\nc: 2026-01-01\nd: 'true'\ne: \"1\"\n", `{"a":"yes","b":"on","c":"2026-01-01","d":"true","e":"1"}`},
		"words that are not":    {"f.yaml", "a: true\nb: False\nc: ~\nd:\ne: null\n", `{"a":true,"b":false,"c":null,"d":null,"e":null}`},
		"text":                  {"f.yaml", "a: |\n  #!/bin/sh\n  echo \"<&>\"\nb: >-\n  one\n  line\n", `{"a":"#!/bin/sh\necho \"<&>\"\n","b":"one line"}`},
		"keys":                  {"f.yaml", "1: a\n'b c': d\ntrue: e\n", `{"1":"a","b c":"d","true":"e"}`},
		"an alias":              {"f.yaml", "a: &x {b: 1}\nc: *x\nd: [*x]\n", `{"a":{"b":1},"c":{"b":1},"d":[{"b":1}]}`},
		"a document of its own": {"f.yml", "# c\n---\n# c\na: 1\n...\n", `{"a":1}`},
		"a byte order mark":     {"f.yaml", "\xef\xbb\xbfa: 1\n", `{"a":1}`},
		"line ends of Windows":  {"f.yaml", "a:\r\n  - b\r\n", `{"a":["b"]}`},
		"JSON":                  {"f.json", "{\"a\": 1.50, \"b\": [true, null, {\"c\": \"\\u00e9<\"}]}", `{"a":1.50,"b":[true,null,{"c":"é<"}]}`},
		"JSON with comments":    {"f.json", "{ # one\n \"a\": \"b#c\" // two\n}", `{"a":"b#c"}`},
		"JSON by its look":      {"-", "{\n\t\"a\": 1 // tabs\n}", `{"a":1}`},
		"YAML by its look":      {"-", "{a: http://x}", `{"a":"http://x"}`},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := document.Parse(c.file, []byte(c.in))
			if err != nil || doc == nil {
				t.Fatalf("%v, %v", doc, err)
			}
			if got := string(doc.Marshal()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestParse_finds_no_document_in_nothing(t *testing.T) {
	for _, file := range []string{"f.yaml", "f.json", "-"} {
		for _, nothing := range []string{"", " \n", "# comment\n"} {
			if doc, err := document.Parse(file, []byte(nothing)); err != nil || doc != nil {
				t.Errorf("%s: %v, %v", file, doc, err)
			}
		}
	}
}

func TestParse_says_where_something_is_wrong(t *testing.T) {
	for name, c := range map[string]struct {
		file, in string
		line     int
		message  string
	}{
		"a key twice":           {"f.yaml", "a: 1\na: 2\n", 2, "already defined"},
		"a key twice in JSON":   {"f.json", "{\"a\": 1,\n\"b\": {\"c\": 1,\n\"c\": 2}}", 3, `the key "c" is given twice`},
		"an open list":          {"f.yaml", "b: 1\na: [1\n", 2, "not YAML"},
		"a tab":                 {"f.yaml", "a:\n\tb: 1\n", 2, "not YAML"},
		"a value too much":      {"f.yaml", "a: b: c\n", 1, "not YAML"},
		"infinity":              {"f.yaml", "x: 1\na: .inf\n", 2, "not supported"},
		"octal or not":          {"f.yaml", "x: 1\na: 010\n", 2, "leading 0"},
		"a merge":               {"f.yaml", "a: &x {b: 1}\nc:\n  <<: *x\n", 3, "<< is not supported"},
		"two documents":         {"f.yaml", "a: 1\n---\nb: 2\n", 2, "a second document"},
		"an empty document":     {"f.yaml", "---\n# c\n---\nb: 2\n", 3, "a second document"},
		"a tag":                 {"f.yaml", "x: 1\na: !!binary aGk=\n", 2, "not supported"},
		"an alias of nothing":   {"f.yaml", "x: 1\na: *b\n", 2, "no anchor &b"},
		"an alias of itself":    {"f.yaml", "a: &x [*x]\n", 1, ""},
		"broken JSON":           {"f.json", "{\n\"a\": 1,\n\"b\" 2}", 3, "not JSON"},
		"JSON cut off":          {"f.json", "{\n\"a\": [1", 2, "ends too early"},
		"two JSON documents":    {"f.json", "{}\n{}", 2, "more after the end"},
		"YAML called JSON":      {"f.json", "a: 1", 1, "not JSON"},
		"deep":                  {"f.yaml", strings.Repeat("[", 100) + strings.Repeat("]", 100), 1, "too deep"},
		"deep JSON":             {"f.json", strings.Repeat("[", 100) + strings.Repeat("]", 100), 1, "too deep"},
		"many by their aliases": {"f.yaml", laughs(), 0, "too much"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := document.Parse(c.file, []byte(c.in))
			e, ok := errors.AsType[*document.Error](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if c.line != 0 && e.Line != c.line || !strings.Contains(e.Message, c.message) {
				t.Errorf("got %v, want line %d: %s", e, c.line, c.message)
			}
		})
	}
}

// laughs is a small file that stands for ten to the power of nine values.
func laughs() string {
	var b strings.Builder
	b.WriteString("a0: &a0 x\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

func TestLineOf_finds_the_nearest_that_is_there(t *testing.T) {
	const yaml = "providers:\n  - strategy_name: a\n    strategy_config:\n      hosts:\n        - name: h\n        - name: i\n          address: x\n    capabilities:\n      a.b: 1\n"
	const text = "{\n \"providers\": [\n  {\"strategy_name\": \"a\",\n   \"strategy_config\": {\n    \"hosts\": [{\"name\": \"h\"},\n     {\"name\": \"i\",\n      \"address\": \"x\"}]},\n   \"capabilities\": {\n    \"a.b\": 1}}]}"
	for file, c := range map[string]struct {
		in   string
		want map[string]int
	}{
		"f.yaml": {yaml, map[string]int{
			"": 1, "providers": 1, "providers[0]": 2, "providers[0].strategy_name": 2, "providers[0].strategy_config.hosts[1]": 6,
			"providers[0].strategy_config.hosts[1].address": 7, "providers[0].strategy_config.hosts[1].adress": 6, "providers[0].capabilities.a.b": 9,
			`providers[0].capabilities."a.b"`: 9, "providers[0].priority": 2, "providers[7].x": 2, "else": 1, "providers[0].strategy_name.x": 2,
		}},
		"f.json": {text, map[string]int{
			"": 1, "providers": 2, "providers[0].strategy_name": 3, "providers[0].strategy_config.hosts[1].address": 7, "providers[0].capabilities.a.b": 9,
		}},
	} {
		doc, err := document.Parse(file, []byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for path := range c.want {
			got[path] = doc.LineOf(path)
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
}

// TestParse_reads_back_what_is_printed: a site that is exported as YAML is the
// same when it is applied.
func TestParse_reads_back_what_is_printed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want, err := json.Marshal(anObject(3).Draw(t, "document"))
		if err != nil {
			t.Fatal(err)
		}
		for _, format := range []string{show.YAML, show.JSON} {
			var b strings.Builder
			if err := show.Print(&b, want, show.Options{Format: format}); err != nil {
				t.Fatal(err)
			}
			doc, err := document.Parse("f."+format, []byte(b.String()))
			if err != nil || doc == nil {
				t.Fatalf("%v, %v of\n%s", doc, err, b.String())
			}
			var got, meant any
			if err := errors.Join(json.Unmarshal(doc.Marshal(), &got), json.Unmarshal(want, &meant)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(meant, got); d != "" {
				t.Fatalf("%s\nof\n%s", d, b.String())
			}
		}
	})
}

func anObject(depth int) *rapid.Generator[map[string]any] {
	key := rapid.StringMatching(`[a-z_]{1,6}|[0-9]{1,3}|true|null|[a-z]\.[a-z]|~|-|a: b|#x`)
	return rapid.MapOfN(key, aValue(depth), 1, 4)
}

func aValue(depth int) *rapid.Generator[any] {
	text := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{"", " ", "yes", "0x1F", "1e3", "017", "~", "null", ".inf", "- x", "a: b", "#!/bin/sh\necho a\n", "a\n\n b\n", "\ta", "2026-01-01", "<<", "*x", "&x", "!x", "'", "\"", "%", "@", "`", "{", "[", "a #b", "+1", "1_000", "0o7", "-", "?", ":", "|", ">"}),
	)
	leaf := rapid.OneOf(text.AsAny(), rapid.Bool().AsAny(), rapid.IntRange(-1<<53, 1<<53).AsAny(), rapid.Float64Range(-1e300, 1e300).AsAny(), rapid.Just[any](nil))
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf, anObject(depth-1).AsAny(), rapid.Map(rapid.SliceOfN(aValue(depth-1), 0, 3), func(l []any) any { return l }))
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: 1\n", "{\"a\": [1, null]}", "a: &x [1]\nb: *x\n", "---\na: |\n  x\n...\n", "? a\n: b\n", "<<: {}\n", laughs()} {
		f.Add("f.yaml", []byte(seed))
		f.Add("f.json", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		doc, err := document.Parse(name, data)
		if err != nil {
			if e, ok := errors.AsType[*document.Error](err); !ok || e.Message == "" {
				t.Fatalf("got %v", err)
			}
			return
		}
		if doc == nil {
			return
		}
		if out := doc.Marshal(); !json.Valid(out) {
			t.Fatalf("not JSON: %q", out)
		}
		doc.LineOf("a.b[0].c")
	})
}
