package config_test

import (
	"encoding/json"
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/providers/config"
)

func seeds(f *testing.F) {
	f.Helper()
	for _, s := range []string{
		``, ` `, `{}`, `null`, `[]`, `{"region":"us-west-2","profile":"production"}`, `{"hosts":[{"name":"a","address":"10.0.0.1:22"}]}`,
		`{"hosts_file":"a","check":{"kind":"HTTP"}}`, `{"hosts":[{"name":"a","address":"[fe80::1%eth0]:22","attributes":{"ncpus":"4"}}]}`,
		`{"region":"a","endpoint_url":"https://[::ffff:169.254.169.254]/"}`, `{"token":1}`, `{"image":"x","attributes":{"ncpus":1e400}}`,
		`{"launch_template":{"id":"a"},"tags":{"a":"b"}}`, `{"hosts":[{"name":"a","address":"b:1","price_per_hour":1e-9}]}`, `{"a":{"a":{"a":[[]]}}}`,
	} {
		for _, kind := range []string{"static", "aws", "gcp", ""} {
			f.Add(kind, []byte(s))
		}
	}
}

// Whatever is given: an answer of the API, or a configuration that is the same
// when it is checked again.
func FuzzCheckConfig(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		normal, _, err := config.CheckConfig(kind, data)
		if err != nil {
			if fault.As(err).Code == fault.Internal {
				t.Errorf("got %v", err)
			}
			return
		}
		again, _, err := config.CheckConfig(kind, normal)
		if err != nil || string(again) != string(normal) {
			t.Errorf("%s became %s, %v", normal, again, err)
		}
	})
}

// A template that is accepted is resolved, and what is resolved is JSON.
func FuzzResolve(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		given := broker.Template{ID: "t", Image: "i", Tags: map[string]string{"a": "b"}, Overrides: broker.Overrides{
			Types: map[string]json.RawMessage{kind: data}, Providers: map[string]json.RawMessage{"p": data},
		}}
		if err := config.CheckTemplate(given); err != nil {
			if fault.As(err).Code == fault.Internal {
				t.Errorf("got %v", err)
			}
			return
		}
		r, err := config.Resolve(given, "p", kind)
		if err != nil {
			t.Fatalf("accepted and not resolved: %v", err)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("not JSON: %v", err)
		}
	})
}
