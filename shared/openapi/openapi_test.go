package openapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/openapi"
)

type mood string

func (mood) Values() []string { return []string{"CALM", "WILD"} }

type keeper struct {
	Name string `json:"name" doc:"Who." required:"true" format:"name"`
}

type feedIn struct {
	Animal  string            `json:"animal" doc:"Who eats." required:"true" minlen:"1" maxlen:"64"`
	Grams   int               `json:"grams" doc:"How much." min:"1" max:"5000" default:"100"`
	Keeper  *keeper           `json:"keeper,omitempty" doc:"By whom."`
	Keepers []keeper          `json:"keepers,omitempty" doc:"By these." maxlen:"3"`
	Friends []string          `json:"friends,omitempty" doc:"With whom." format:"name"`
	Tags    map[string]string `json:"tags,omitempty" doc:"Tags." maxlen:"5"`
	Mood    mood              `json:"mood,omitempty" doc:"How it is."`
	Free    json.RawMessage   `json:"free,omitempty" doc:"Anything."`
	Later   bool              `json:"later,omitempty" doc:"Another day." planned:"not built"`
}

type feedOut struct {
	Keeper *keeper   `json:"keeper"`
	At     time.Time `json:"at"`
	Notes  []string  `json:"notes"`
	More   *feedOut  `json:"more,omitempty"`
	Inner  struct {
		Deep map[string]keeper `json:"deep"`
	} `json:"inner"`
}

func (feedOut) Location() string { return "" }

type lookIn struct {
	Animal string   `json:"animal,omitempty" doc:"Which."`
	Moods  []mood   `json:"moods,omitempty" doc:"How."`
	Filter struct{} `json:"filter,omitzero" doc:"Filter."`
}

type lookOut struct {
	Animals []feedIn `json:"animals"`
}

type zoo struct{}

func (zoo) feed(context.Context, feedIn) (feedOut, error)    { return feedOut{}, nil }
func (zoo) look(context.Context, lookIn) (lookOut, error)    { return lookOut{}, nil }
func (zoo) step(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }
func example(title, body string) op.Example                  { return op.Example{Title: title, Body: body} }

func sample() []op.Described {
	return []op.Described{
		op.Define(op.Spec{
			Name: "feedAnimal", Kind: op.Command, Summary: "Feed an animal", Detail: "Gently.", Async: true, Role: op.Operator,
			Faults: []fault.Code{fault.Conflict}, Examples: []op.Example{example("A bear", `{"animal":"bear"}`), example("None", "")},
		}, zoo.feed),
		op.Define(op.Spec{Name: "lookAtAnimals", Kind: op.Query, Summary: "Look"}, zoo.look),
		op.Define(op.Spec{Name: "cleanCage", Kind: op.Step}, zoo.step),
	}
}

func document(t *testing.T) ([]byte, map[string]any) {
	t.Helper()
	data, err := openapi.Document(sample(), "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return data, doc
}

func TestDocument_equals_the_reviewed_one(t *testing.T) {
	got, _ := document(t)
	golden := filepath.Join("testdata", "sample.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("review the change, then run with UPDATE_GOLDEN=1:\n%s", diff)
	}
}

func TestDocument_is_the_same_each_time(t *testing.T) {
	first, _ := document(t)
	for range 20 {
		if again, _ := document(t); string(again) != string(first) {
			t.Fatal("two calls gave two documents")
		}
	}
}

func TestDocument_resolves_every_reference(t *testing.T) {
	_, doc := document(t)
	refs := 0
	each(doc, func(ref string) {
		refs++
		if _, err := lookUp(doc, ref); err != nil {
			t.Error(err)
		}
	})
	if refs < 10 {
		t.Errorf("only %d references were seen", refs)
	}
}

func each(v any, visit func(ref string)) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			visit(ref)
		}
		for _, inner := range v {
			each(inner, visit)
		}
	case []any:
		for _, inner := range v {
			each(inner, visit)
		}
	}
}

func lookUp(doc map[string]any, ref string) (any, error) {
	var at any = doc
	for _, key := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		object, _ := at.(map[string]any)
		next, ok := object[key]
		if !ok {
			return nil, fmt.Errorf("%s: nothing at %q", ref, key)
		}
		at = next
	}
	return at, nil
}

func TestDocument_has_each_route_and_no_step(t *testing.T) {
	_, doc := document(t)
	got := map[string][]string{}
	paths, _ := doc["paths"].(map[string]any)
	for path, item := range paths {
		for _, method := range []string{"get", "post"} {
			if id, err := lookUp(map[string]any{"item": item}, "#/item/"+method+"/operationId"); err == nil {
				got[path] = append(got[path], fmt.Sprintf("%s %s", method, id))
			}
		}
	}
	want := map[string][]string{
		"/v1/commands/feedAnimal":   {"post feedAnimal"},
		"/v1/queries/lookAtAnimals": {"get lookAtAnimals", "post lookAtAnimalsByPost"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_closes_requests_and_leaves_out_what_is_planned(t *testing.T) {
	_, doc := document(t)
	for name, want := range map[string]any{"FeedIn": false, "Keeper": false, "LookIn": false, "FeedOut": nil} {
		schema, err := lookUp(doc, "#/components/schemas/"+name)
		if err != nil {
			t.Fatal(err)
		}
		closed, err := lookUp(map[string]any{"it": schema}, "#/it/additionalProperties")
		if closed != want || (err == nil) != (want != nil) {
			t.Errorf("%s: additionalProperties %v, %v; want %v", name, closed, err, want)
		}
	}
	if _, err := lookUp(doc, "#/components/schemas/FeedIn/properties/later"); err == nil {
		t.Error("a planned key is in the document")
	}
}
