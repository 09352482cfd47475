package wire_test

import (
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/wire"
)

func TestSchemaOf_reads_the_tags(t *testing.T) {
	s := wire.SchemaOf(reflect.TypeFor[request]())
	if err := s.CheckRequest(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"limit", "strategy_name", "weight", "small", "price", "color", "mode", "colors", "selection_criteria", "optional", "nested",
		"list", "tags", "config", "open", "since", "enabled",
	}
	if diff := cmp.Diff(want, s.Names()); diff != "" {
		t.Error(diff)
	}
	if s.Field("Weight") != nil {
		t.Error("a name in another case was found")
	}
}

func TestSchemaOf_reads_the_rules_of_a_field(t *testing.T) {
	s := wire.SchemaOf(reflect.TypeFor[request]())
	one := 1
	for name, want := range map[string]wire.Field{
		"strategy_name": {Doc: "Name.", Required: true, Rules: wire.Rules{Format: wire.FormatName, MinLen: &one}},
		"color":         {Doc: "Color.", Omitted: true, Default: []byte(`"GREEN"`)},
		"mode":          {Doc: "Mode.", Omitted: true, Rules: wire.Rules{Enum: []string{"open", "frozen"}}},
	} {
		got := *s.Field(name)
		want.Name = name
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(wire.Field{}), cmpopts.IgnoreFields(wire.Field{}, "Schema")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for name, words := range map[string][]string{"color": {"RED", "GREEN"}, "colors": {"RED", "GREEN"}, "mode": {"open", "frozen"}, "weight": nil} {
		if diff := cmp.Diff(words, s.Field(name).Values()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if f := s.Field("since"); !f.Schema.Time || !f.Schema.Nullable || f.Schema.Type != wire.String {
		t.Errorf("since: %+v", f.Schema)
	}
}

func TestSchemaOf_is_read_once_for_all(t *testing.T) {
	type fresh struct {
		A int `json:"a"`
	}
	got := make([]*wire.Schema, 16)
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() { got[i] = wire.SchemaOf(reflect.TypeFor[fresh]()) })
	}
	group.Wait()
	for _, s := range got {
		if s != got[0] {
			t.Fatal("two readers got two schemas")
		}
	}
}

type tree struct {
	Name  string  `json:"name" doc:"Name." required:"true"`
	Left  *tree   `json:"left,omitempty" doc:"Left."`
	Nodes []tree  `json:"nodes,omitempty" doc:"Nodes."`
	Limit int     `json:"limit" doc:"Limit." default:"7"`
	Price float64 `json:"price,omitempty" doc:"Price."`
}

func TestDecode_knows_types_that_contain_themselves(t *testing.T) {
	var got tree
	if err := wire.Decode([]byte(`{"name":"a","left":{"name":"b","nodes":[{"name":"c","limit":1}]}}`), &got, wire.Limits{}); err != nil {
		t.Fatal(err)
	}
	want := tree{Name: "a", Limit: 7, Left: &tree{Name: "b", Limit: 7, Nodes: []tree{{Name: "c", Limit: 1}}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	err := fault.As(wire.Decode([]byte(`{"name":"a","left":{"left":{"nam":"x"}}}`), &got, wire.Limits{}))
	if err == nil || err.Fields[0].Field != "left.name" || err.Fields[1].Field != "left.left.nam" {
		t.Errorf("got %v", err)
	}
}

func TestCheck_finds_malformed_tags(t *testing.T) {
	type twice struct {
		paging
		request
	}
	for want, typ := range map[string]reflect.Type{
		`A: tag min: want a number, got "few"`: reflect.TypeFor[struct {
			A int `json:"a" min:"few"`
		}](),
		`A: tag maxlen: want a count, got "-1"`: reflect.TypeFor[struct {
			A string `json:"a" maxlen:"-1"`
		}](),
		`A: tag required: want "true" or no tag, got "yes"`: reflect.TypeFor[struct {
			A string `json:"a" required:"yes"`
		}](),
		`A: tag enum: has an empty word`: reflect.TypeFor[struct {
			A string `json:"a" enum:"x,,y"`
		}](),
		`A: tag default: want JSON, got "many"`: reflect.TypeFor[struct {
			A int `json:"a" default:"many"`
		}](),
		`want 1 or more, got 0`: reflect.TypeFor[struct {
			A int `json:"a" min:"1" default:"0"`
		}](),
		`A: tag default: a required field has none`: reflect.TypeFor[struct {
			A int `json:"a" required:"true" default:"1"`
		}](),
		`A: tag min, max: for numbers only`: reflect.TypeFor[struct {
			A string `json:"a" min:"1"`
		}](),
		`A: tag format, enum: for strings only`: reflect.TypeFor[struct {
			A []int `json:"a" format:"name"`
		}](),
		`A: tag format: unknown format "uuid"`: reflect.TypeFor[struct {
			A string `json:"a" format:"uuid"`
		}](),
		`A: tag minlen, maxlen: for strings, lists and maps only`: reflect.TypeFor[struct {
			A int `json:"a" maxlen:"3"`
		}](),
		`A: tag json: the string option is not supported`: reflect.TypeFor[struct {
			A int `json:"a,string"`
		}](),
		`has "limit" twice`: reflect.StructOf([]reflect.StructField{
			{Name: "A", Type: reflect.TypeFor[int](), Tag: `json:"limit"`},
			{Name: "B", Type: reflect.TypeFor[int](), Tag: `json:"limit"`},
		}),
		`is embedded and no struct`: reflect.TypeFor[struct {
			color
		}](),
		`func() has no shape on the wire`: reflect.TypeFor[struct {
			A []map[string]func() `json:"a"`
		}](),
	} {
		if err := wire.SchemaOf(typ).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := wire.SchemaOf(reflect.TypeFor[twice]()).Check(); err != nil {
		t.Errorf("the shallower of two fields wins, as in encoding/json: %v", err)
	}
}

func TestCheckRequest_asks_for_more(t *testing.T) {
	for want, typ := range map[string]reflect.Type{
		`key "A" is not snake_case`: reflect.TypeFor[struct{ A int }](),
		`key "a" has no doc`: reflect.TypeFor[struct {
			A int `json:"a"`
		}](),
		`key "a" is a bare duration`: reflect.TypeFor[struct {
			A time.Duration `json:"a" doc:"x"`
		}](),
		`key "b__c" is not snake_case`: reflect.TypeFor[struct {
			A []struct {
				B int `json:"b__c" doc:"x"`
			} `json:"a" doc:"x"`
		}](),
	} {
		if err := wire.SchemaOf(typ).CheckRequest(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDecode_of_a_malformed_type_is_our_fault(t *testing.T) {
	var v struct {
		A int `json:"a" min:"few"`
	}
	if err := wire.Decode([]byte(`{}`), &v, wire.Limits{}); err == nil || fault.As(err).Code != fault.Internal {
		t.Errorf("got %v", err)
	}
	if err := wire.Decode([]byte(`{}`), v, wire.Limits{}); err == nil || fault.As(err).Code != fault.Internal {
		t.Errorf("got %v", err)
	}
}

func TestNearest_names_what_was_meant(t *testing.T) {
	known := []string{"strategy_name", "provider_type", "priority", "weight", "zone", "max_number"}
	for word, want := range map[string]string{
		"strategyName": "strategy_name", "STRATEGY-NAME": "strategy_name", "stratgy_nmae": "strategy_name", "prio": "priority",
		"wieght": "weight", "zones": "zone", "maxNumber": "max_number", "name": "", "type": "", "zo": "", "": "", "color": "",
		strings.Repeat("weight", 1000): "",
	} {
		if got := wire.Nearest(word, known); got != want {
			t.Errorf("%.20s: got %q, want %q", word, got, want)
		}
	}
}
