package op_test

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
	"github.com/openhostfactory/ohfp/shared/wire"
)

func TestQueryBody_types_each_word_by_the_schema(t *testing.T) {
	for query, want := range map[string]string{
		``:                                `{}`,
		`animal=true&grams=7&sick`:        `{"animal":"true","grams":7,"sick":true}`,
		`sick=FALSE&weight=1.5e3`:         `{"sick":false,"weight":1.5e3}`,
		`foods=a,b&foods=c`:               `{"foods":["a","b","c"]}`,
		`foods=["a,b"]&foods=%20c%20`:     `{"foods":["a,b","c"]}`,
		`foods=`:                          `{"foods":[]}`,
		`days=1,2`:                        `{"days":[1,2]}`,
		`cage={"number":1}&notes={"a":1}`: `{"cage":{"number":1},"notes":{"a":1}}`,
		`animal=a%26%3Cb`:                 `{"animal":"a&<b"}`,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := op.QueryBody(values, reflect.TypeFor[feedIn]())
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v; want %s", query, got, err, want)
		}
	}
}

func TestQueryBody_refuses(t *testing.T) {
	for query, want := range map[string]string{
		`animl=x`:          `animl: unknown key; did you mean "animal"?`,
		`animal=%ff`:       `animal: is not UTF-8`,
		`grams=many`:       `grams: want an integer, got "many"`,
		`grams=`:           `grams: want an integer, got ""`,
		`grams=1&grams=2`:  `grams: given 2 times`,
		`days=1,x`:         `days: want an integer, got "x"`,
		`weight=NaN`:       `weight: want a number, got "NaN"`,
		`sick=maybe`:       `sick: want true or false, got "maybe"`,
		`cage=7x`:          `cage: want an object in JSON`,
		`grams=%201`:       `grams: want an integer, got " 1"`,
		`grams=x&animl=x`:  `animl: unknown key; did you mean "animal"?; grams: want an integer, got "x"`,
		`foods=["a"&sick=`: `foods: want a list in JSON: unexpected end of JSON input`,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		body, err := op.QueryBody(values, reflect.TypeFor[feedIn]())
		if f := fault.As(err); f == nil || f.Code != fault.InvalidRequest || f.Detail != want {
			t.Errorf("%s: got %s, %v; want %s", query, body, err, want)
		}
	}
}

func FuzzQueryBody(f *testing.F) {
	for _, seed := range []string{`animal=a`, `foods=a,b&foods=[1]`, `grams=-`, `cage={}`, `notes=%00`, `days=1e1`, `animal=%ff`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		body, err := op.QueryBody(values, reflect.TypeFor[feedIn]())
		if err != nil {
			return
		}
		if _, err := wire.Canonical(body); err != nil && !fault.Is(err, fault.InvalidRequest) {
			t.Fatalf("%s became %s: %v", query, body, err)
		}
	})
}
