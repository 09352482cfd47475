package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/bundle"
)

const canary = "canary5d1c"

// unpacked reads a bundle: its manifest and all that is in it.
func unpacked(t *testing.T, path string) (m bundle.Manifest, names []string, all string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "/")
		if name == "manifest.json" {
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatal(err)
			}
		}
		names, all = append(names, name), all+string(body)
	}
	slices.Sort(names)
	return m, names, all
}

// talkative answers every query with private things in it.
func talkative(t *testing.T) *httptest.Server {
	t.Helper()
	private := `"context":{"n":"` + canary + `"},"tags":{"k":"` + canary + `"},"user_data":"` + canary + `","actor":{"principal":"` + canary + `"},"message":"token=` + canary + `"`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := `{` + private + `}`
		switch r.URL.Path {
		case "/v1/openapi.json":
			body = `{"info":{"version":"1.2.3"}}`
		case "/v1/queries/listOperations":
			body = `{"operations":[{"operation_id":"op-1"},{"operation_id":"../../evil"}]}`
		case "/v1/queries/getProviderMetrics":
			w.WriteHeader(http.StatusServiceUnavailable)
			body = `{"code":"store_unavailable","detail":"password: ` + canary + `"}`
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func TestSupportBundle_holds_what_a_report_needs_and_nothing_private(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "broker.log")
	if err := os.WriteFile(log, []byte(`{"msg":"request","token":"`+canary+`"}`+"\npassword="+canary+"\nan ordinary line\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bundle.tar.gz")
	r := shell{real: true, env: map[string]string{"OHFP_NOTE": canary, "UNRELATED": canary}}.run(t, "support-bundle",
		"--endpoint", talkative(t).URL, "--token-file", tokenFile(t, canary), "--log-file", log, "-o", path)
	if r.exit != 0 || r.stderr != "" {
		t.Fatalf("got %+v", r)
	}
	m, names, all := unpacked(t, path)
	want := []string{
		"broker.json", "client.json", "configuration.json", "environment.json", "health.json", "log.txt", "manifest.json",
		"operations.json", "operations/op-1.json", "operations/unnamed.json", "providers.json",
	}
	if !slices.Equal(want, names) {
		t.Errorf("it holds %v", names)
	}
	if strings.Contains(all, canary) || strings.Contains(r.stdout, canary) {
		t.Errorf("it holds what is private:\n%s", all)
	}
	for _, kept := range []string{"1.2.3", "OHFP_NOTE", "an ordinary line", "store_unavailable"} {
		if !strings.Contains(all, kept) {
			t.Errorf("%s is not in it", kept)
		}
	}
	if strings.Contains(all, "UNRELATED") {
		t.Error("a variable of no concern is named")
	}
	var missing []string
	for _, l := range m.LeftOut {
		missing = append(missing, l.What)
	}
	if got := strings.Join(missing, ", "); got != "values of the environment, metrics.json, context, principal, tags, user_data" {
		t.Errorf("left out: %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it can be read by others: %v, %v", info, err)
	}
}

func TestSupportBundle_of_a_dead_broker_holds_what_is_there(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	r := shell{real: true}.run(t, "support-bundle", "--endpoint", "http://127.0.0.1:1", "-o", path)
	if r.exit != 0 {
		t.Fatalf("got %+v", r)
	}
	m, names, all := unpacked(t, path)
	if !slices.Equal([]string{"client.json", "environment.json", "manifest.json"}, names) || !strings.Contains(all, "the broker does not answer") {
		t.Errorf("it holds %v: %s", names, all)
	}
	if len(m.LeftOut) != 2+6 { // values, log; and each thing that was to be asked
		t.Errorf("left out: %+v", m.LeftOut)
	}
}

func TestSupportBundle_overwrites_nothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.tar.gz")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := shell{real: true}.run(t, "support-bundle", "--endpoint", "http://127.0.0.1:1", "-o", path)
	if data, err := os.ReadFile(path); r.exit != 2 || err != nil || string(data) != "mine" {
		t.Errorf("got %+v, %q", r, data)
	}
}
