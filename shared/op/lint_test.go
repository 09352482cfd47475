package op_test

import (
	"context"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/op"
)

type plain struct{}

func handler[In, Out any](plain, context.Context, In) (out Out, err error) { return out, nil }

func good(name string) op.Spec {
	return op.Spec{Name: name, Summary: "Look", Examples: []op.Example{{Title: "t", Body: "{}"}}}
}

func TestLint_accepts_a_good_catalogue(t *testing.T) {
	if err := op.Lint([]op.Described{feed, feed.Bind(zoo{}), op.Define(good("x"), handler[struct{}, struct{}])}[1:]); err != nil {
		t.Error(err)
	}
}

func TestLint_finds(t *testing.T) {
	type undocumented struct {
		A int `json:"a"`
	}
	type camelKey struct {
		A int `json:"someThing" doc:"x"`
	}
	type collides struct {
		A int `json:"data_file" doc:"x"`
	}
	type tags struct {
		A int `json:"a" doc:"x" min:"few"`
	}
	bad := good("x")
	bad.Examples = []op.Example{{Title: "wrong", Body: `{"b":1}`}}
	async := good("x")
	async.Async = true
	unsaid := good("Bad_Name")
	unsaid.Summary, unsaid.Examples = "", nil
	step := op.Spec{Name: "step", Kind: op.Step}
	for want, ops := range map[string][]op.Described{
		"x: the name is used twice":                          {op.Define(good("x"), handler[struct{}, struct{}]), op.Define(good("x"), handler[struct{}, struct{}])},
		"aB: the name is used twice":                         {op.Define(good("a_b"), handler[struct{}, struct{}]), op.Define(good("aB"), handler[struct{}, struct{}])},
		`key "a" has no doc`:                                 {op.Define(good("x"), handler[undocumented, struct{}])},
		`key "someThing" is not snake_case`:                  {op.Define(good("x"), handler[camelKey, struct{}])},
		"field data_file: --data-file is a flag of every":    {op.Define(good("x"), handler[collides, struct{}])},
		`A: tag min: want a number, got "few"`:               {op.Define(step, handler[tags, struct{}])},
		"example 1 (wrong): invalid_request: b: unknown key": {op.Define(bad, handler[struct{}, struct{}])},
		"async, but struct {} does not implement Accepted":   {op.Define(async, handler[struct{}, struct{}])},
		"the name is not camelCase\nno summary\nno example":  {op.Define(unsaid, handler[struct{}, struct{}])},
		"a request must be a struct, got int":                {op.Define(good("x"), handler[int, struct{}])},
		"chan int has no shape on the wire":                  {op.Define(good("x"), handler[struct{}, chan int])},
		"map[int]string: the keys of a map must be strings":  {op.Define(good("x"), handler[struct{}, map[int]string])},
		"[]uint8 would be base64 on the wire: use a string":  {op.Define(good("x"), handler[struct{}, []byte])},
	} {
		err := op.Lint(ops)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
