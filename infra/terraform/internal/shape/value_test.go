package shape_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"pgregory.net/rapid"

	"github.com/openhostfactory/ohfp/infra/terraform/internal/shape"
)

// poolType is what Terraform has of a pool.
func poolType(t testing.TB) tftypes.Object {
	t.Helper()
	attributes, err := shape.Attributes(t.Context(), pools(), shape.Care{Key: "name", Filled: []string{"check.kind"}})
	if err != nil {
		t.Fatal(err)
	}
	o, ok := schema.Schema{Attributes: attributes}.Type().TerraformType(t.Context()).(tftypes.Object)
	if !ok {
		t.Fatal("it is no object")
	}
	return o
}

func plain(t testing.TB, text string) any {
	t.Helper()
	v, err := shape.Plain(json.RawMessage(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// decode is what the broker says, over what was there.
func decode(t testing.TB, said string, prior tftypes.Value) tftypes.Value {
	t.Helper()
	v, err := shape.Decode(pools(), poolType(t), plain(t, said), prior)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v tftypes.Value) string {
	t.Helper()
	said, err := shape.Encode(pools(), v)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatTheBrokerSaysGoesThereAndBack(t *testing.T) {
	nothing := tftypes.NewValue(poolType(t), nil)
	for said, want := range map[string]string{
		`{"name":"a","hosts":[{"name":"h","price":0,"attributes":{"ncpus":4,"rack":"12","type":"x","on":true,"sizes":["m"]}}],"check":{"kind":"tcp","timeout":5},"on":false}`: `{"check":{"kind":"tcp","timeout":5},"hosts":[{"attributes":{"ncpus":4,"on":true,"rack":"12","sizes":["m"],"type":"x"},"name":"h","price":0}],"name":"a","on":false}`,
		`{"name":"a","weight":0,"tags":{},"hosts":[],"on":true}`: `{"name":"a","on":true}`, // what says nothing is left out
	} {
		if got := encode(t, decode(t, said, nothing)); got != want {
			t.Errorf("%s\nwant %s\ngot  %s", said, want, got)
		}
	}
}

func TestWhatSaysTheSameIsAsTheUserHasWrittenIt(t *testing.T) {
	written := decode(t, `{"name":"a","hosts":[{"name":"h"}],"check":{"kind":"http","timeout":1000},"on":true,"weight":7}`, tftypes.NewValue(poolType(t), nil))
	var members map[string]tftypes.Value
	if err := written.As(&members); err != nil {
		t.Fatal(err)
	}
	tags := poolType(t).AttributeTypes["tags"]
	members["tags"] = tftypes.NewValue(tags, map[string]tftypes.Value{}) // {} instead of nothing
	members["weight"] = tftypes.NewValue(tftypes.Number, 0)              // 0 instead of nothing
	written = tftypes.NewValue(poolType(t), members)

	same := decode(t, `{"name":"a","hosts":[{"name":"h","port":0}],"check":{"kind":"http","timeout":1e3},"on":true}`, written)
	if !same.Equal(written) {
		t.Errorf("want it as it was, got %s", encode(t, same))
	}
	other := decode(t, `{"name":"a","hosts":[{"name":"h","port":80}],"check":{"kind":"http","timeout":1000},"on":true}`, written)
	if diff := cmp.Diff(`{"check":{"kind":"http","timeout":1000},"hosts":[{"name":"h","port":80}],"name":"a","on":true,"tags":{},"weight":0}`, encode(t, other)); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestATextThatIsNoTextIsMarked(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		value := rapid.OneOf(
			rapid.Just(any("12")), rapid.Just(any("true")), rapid.Just(any(`"q"`)), rapid.Just(any("null")), rapid.Just(any("[]")), rapid.Just(any("")),
			rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Int(), func(n int) any { return n }),
			rapid.Map(rapid.Bool(), func(b bool) any { return b }),
			rapid.Map(rapid.SliceOfN(rapid.String(), 1, 3), func(l []string) any { return l }),
		).Draw(r, "value")
		said, err := json.Marshal(map[string]any{"name": "a", "on": true, "hosts": []any{map[string]any{"name": "h", "attributes": map[string]any{"x": value}}}})
		if err != nil {
			r.Fatal(err)
		}
		got := encode(t, decode(t, string(said), tftypes.NewValue(poolType(t), nil)))
		if diff := cmp.Diff(plain(t, string(said)), plain(t, got)); diff != "" {
			r.Errorf("want (-), got (+):\n%s", diff)
		}
	})
}

func TestAttributes_have_docs_and_defaults_and_nothing_that_is_planned(t *testing.T) {
	attributes, err := shape.Attributes(t.Context(), pools(), shape.Care{Key: "name", Sensitive: []string{"tags"}, Filled: []string{"hosts.port"}})
	if err != nil {
		t.Fatal(err)
	}
	type seen struct{ Required, Computed, Sensitive bool }
	got := map[string]seen{}
	for name, a := range attributes {
		got[name] = seen{a.IsRequired(), a.IsComputed(), a.IsSensitive()}
		if a.GetMarkdownDescription() == "" {
			t.Errorf("%s has no description", name)
		}
	}
	want := map[string]seen{
		"name": {Required: true}, "hosts": {}, "check": {Computed: true}, "tags": {Sensitive: true}, "on": {Computed: true}, "weight": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if doc := attributes["on"].GetMarkdownDescription(); doc != "Whether. Default `true`." {
		t.Errorf("got %q", doc)
	}
}
