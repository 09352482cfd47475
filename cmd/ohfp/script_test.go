package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ohfp": func() { os.Exit(run(context.Background(), operatingSystem(), operations())) },
	})
}

// TestScripts plays ohfp, with the catalogue that it ships with, as a user
// does. "serve STATUS FILE" starts a broker that always answers FILE.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serve": serve},
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("OHFP_ENDPOINT", "http://127.0.0.1:1")
			return nil
		},
	})
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: serve STATUS FILE")
	}
	status := map[string]int{"200": 200, "202": 202, "400": 400, "401": 401, "502": 502, "503": 503}[args[0]]
	body := ts.ReadFile(args[1])
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	ts.Defer(s.Close)
	ts.Setenv("OHFP_ENDPOINT", s.URL)
}
