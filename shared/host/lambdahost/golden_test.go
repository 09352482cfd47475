package lambdahost_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/command"
	"github.com/openhostfactory/ohfp/shared/host/lambdahost"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// TestGoldenEvents plays the events of testdata, which were written from AWS's
// documentation of their shapes, against the answers beside them.
func TestGoldenEvents(t *testing.T) {
	feeding, _ := hosting(feed)
	listing, _ := hosting(list)
	stepping, _ := hosting(step)
	ticking, _ := hosting(tick)
	recording, _ := opening(command.RecordMachineEvent, func(context.Context) (command.Service, error) {
		return command.Service{Ledger: storetest.NewMemory(fixedNow), Now: fixedNow}, nil
	})
	functions := map[string]*lambdahost.Host{
		"command": feeding, "nobody": feeding, "key": feeding, "conflict": feeding,
		"query": listing, "step": stepping, "schedule": ticking, "bus": ticking, "machine": recording,
	}
	files, err := filepath.Glob("testdata/*.event.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d events, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".event.json")
		t.Run(name, func(t *testing.T) {
			key, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(name, "v1_"), "v2_"), "_")
			h := functions[key]
			if h == nil {
				t.Fatalf("no function for %s", name)
			}
			got := outcome(t, h, read(t, file))
			want := decoded(t, read(t, "testdata/"+name+".answer.json"))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// outcome is the answer or the error, with the body of a reply as JSON.
func outcome(t *testing.T, h *lambdahost.Host, event []byte) any {
	t.Helper()
	out, err := h.Invoke(inLambda(t), event)
	if err != nil {
		e := typedError(t, err)
		return map[string]any{"errorType": e.Type, "errorMessage": e.Message}
	}
	got := decoded(t, out)
	if reply, ok := got.(map[string]any); ok {
		if body, ok := reply["body"].(string); ok {
			reply["body"] = decoded(t, []byte(body))
		}
	}
	return got
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
