package lambdahost_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/op"
)

var silent = slog.New(slog.DiscardHandler)

type hay struct {
	Hay string `json:"hay"`
}

var hoard = op.Define(op.Spec{Name: "hoard", Kind: op.Step}, func(zoo, context.Context, struct{}) (hay, error) {
	return hay{strings.Repeat("h", 7<<20)}, nil
})

// FuzzEvent: whatever a function is called with, it answers with JSON or with
// an error that has a name.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.event.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(event)
	}
	for _, event := range []string{``, `null`, `[]`, `{"requestContext":{"http":{"method":"GET"}},"headers":null}`, `{"httpMethod":"GET","requestContext":{"authorizer":{"claims":3}}}`} {
		f.Add([]byte(event))
	}
	hosts := []*lambdahost.Host{quiet(list), quiet(step), quiet(tick), quiet(typed)}
	f.Fuzz(func(t *testing.T, event []byte) {
		for _, h := range hosts {
			out, err := h.Invoke(inLambda(t), event)
			if err != nil {
				if e := typedError(t, err); e.Type != "Ohfp.Internal" && e.Type != "Ohfp.Capacity" {
					t.Errorf("type = %q", e.Type)
				}
				continue
			}
			if !json.Valid(out) {
				t.Errorf("the answer is not JSON: %s", out)
			}
		}
	})
}

// quiet is a host without a log.
func quiet[In, Out any](o op.Op[zoo, In, Out]) *lambdahost.Host {
	return lambdahost.New(lambdahost.Config{Operation: o, Open: lambdahost.Binding(o, openZoo), Log: silent, Now: fixedNow})
}
