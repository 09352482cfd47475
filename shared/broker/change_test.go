package broker_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func TestChanges_tell_what_differs_and_where(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		want     []broker.Change
	}{
		"nothing":                    {`{"a":1}`, `{"a":1.0}`, nil},
		"a value":                    {`{"a":1}`, `{"a":2}`, []broker.Change{{Field: "a", From: 1.0, To: 2.0}}},
		"a key more":                 {`{}`, `{"a":{"b":1,"c":2}}`, []broker.Change{{Field: "a.b", To: 1.0}, {Field: "a.c", To: 2.0}}},
		"a key less":                 {`{"a":{"b":1}}`, `{}`, []broker.Change{{Field: "a.b", From: 1.0}}},
		"an empty object":            {`{}`, `{"a":{}}`, []broker.Change{{Field: "a", To: map[string]any{}}}},
		"another type":               {`{"a":{"b":1}}`, `{"a":[1]}`, []broker.Change{{Field: "a", From: map[string]any{"b": 1.0}, To: []any{1.0}}}},
		"a list of words":            {`{"a":["x"]}`, `{"a":["x","y"]}`, []broker.Change{{Field: "a", From: []any{"x"}, To: []any{"x", "y"}}}},
		"a named item":               {`{"a":[{"name":"x","n":1},{"name":"y"}]}`, `{"a":[{"name":"x","n":2},{"name":"y"}]}`, []broker.Change{{Field: "a[x].n", From: 1.0, To: 2.0}}},
		"a named item less":          {`{"a":[{"name":"x"},{"name":"y"}]}`, `{"a":[{"name":"y"}]}`, []broker.Change{{Field: "a[x]", From: map[string]any{"name": "x"}}}},
		"named items in other order": {`{"a":[{"name":"x"},{"name":"y"}]}`, `{"a":[{"name":"y"},{"name":"x"}]}`, []broker.Change{{Field: "a", From: []any{"x", "y"}, To: []any{"y", "x"}}}},
		"a name twice":               {`{"a":[{"name":"x"}]}`, `{"a":[{"name":"x"},{"name":"x"}]}`, []broker.Change{{Field: "a", From: []any{map[string]any{"name": "x"}}, To: []any{map[string]any{"name": "x"}, map[string]any{"name": "x"}}}}},
		"user data":                  {`{"user_data":"a","o":{"p":{"user_data":"b"}}}`, `{"user_data":"c"}`, []broker.Change{{Field: "o.p.user_data", Hidden: true}, {Field: "user_data", Hidden: true}}},
		"a key with a dot":           {`{"a":{"b.c":1}}`, `{}`, []broker.Change{{Field: `a."b.c"`, From: 1.0}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := broker.Changes(json.RawMessage(c.from), json.RawMessage(c.to))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestChanges_are_none_just_when_nothing_differs: whoever relies on a dry run
// must not miss a change, nor be told of one that is none.
func TestChanges_are_none_just_when_nothing_differs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anObject(3).Draw(t, "a"), anObject(3).Draw(t, "b")
		got, err := broker.Changes(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if same := cmp.Equal(a, b); same != (len(got) == 0) {
			t.Fatalf("the same: %v, changes: %v", same, got)
		}
	})
}

func anObject(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "name", "user_data"}), aValue(depth))
}

func aValue(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(rapid.Float64Range(0, 2).AsAny(), rapid.SampledFrom([]string{"x", "y"}).AsAny(), rapid.Bool().AsAny())
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf, anObject(depth-1).AsAny(), rapid.Map(rapid.SliceOfN(aValue(depth-1), 0, 3), func(l []any) any { return l }))
}
