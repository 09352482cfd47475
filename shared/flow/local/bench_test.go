package local_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"testing"

	"github.com/openhostfactory/ohfp/shared/flow/local"
)

// What an execution costs beyond the functions that it calls: admission,
// goroutine, walk of the good path, log line.
func BenchmarkRunnerGoodPath(b *testing.B) {
	r, err := local.New(local.Options{
		Clock: local.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Invoker: local.Functions{"a": func(context.Context, json.RawMessage) (json.RawMessage, error) { return json.RawMessage(`{}`), nil }},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		name := strconv.Itoa(i)
		if err := r.Start(b.Context(), execute(name, "a")); err != nil {
			b.Fatal(err)
		}
		if err := r.Wait(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}
