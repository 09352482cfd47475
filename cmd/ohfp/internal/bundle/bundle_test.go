package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/cmd/ohfp/internal/bundle"
)

func TestDocumentLeavesOutWhatIsPrivateByName(t *testing.T) {
	doc := `{"operation_id":"op","context":{"note":"canary"},"actor":{"principal":"canary","source_ip":"canary","request_id":"r-1"},
		"result":{"machines":[{"name":"h","private_ip":"canary","tags":{"a":"canary"}}]},"decision":{"affinity_key":"canary","ticket":12345678901234567890},
		"registration":{"strategy_config":{"x":"canary"}},"Session-Token":"canary","db_password":"canary","user_data":"canary","tags":{},
		"message":"dial failed: api_key=canary password: \"canary\" Authorization: Bearer canary.x-y, and AKIAABCDEFGHIJKLMNOP","by":""}`
	got, leftOut, err := bundle.Document([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(got, []byte("canary")) || bytes.Contains(got, []byte("AKIA")) {
		t.Errorf("got %s", got)
	}
	for _, kept := range []string{`"operation_id": "op"`, `"request_id": "r-1"`, `"name": "h"`, `"ticket": 12345678901234567890`, `"tags": {}`, `"by": ""`, "dial failed: "} {
		if !bytes.Contains(got, []byte(kept)) {
			t.Errorf("%s is gone:\n%s", kept, got)
		}
	}
	want := []string{"Session-Token", "affinity_key", "context", "db_password", "principal", "private_ip", "registration", "source_ip", "tags", "user_data"}
	if diff := cmp.Diff(want, leftOut); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestLogKeepsTheLastLinesWithoutSecrets(t *testing.T) {
	log := "first line\n" +
		`{"msg":"request","token":"canary","nested":{"user_data":"canary"},"error":"token=canary"}` + "\n" +
		"2026 plain: secret: canary and more\n" +
		"-----BEGIN RSA PRIVATE KEY----- canary\n"
	got := string(bundle.Log([]byte(log), 3, 10_000))
	if strings.Contains(got, "canary") || strings.Contains(got, "first") || strings.Count(got, "\n") != 3 || !strings.Contains(got, "and more") {
		t.Errorf("got %s", got)
	}
	if got := string(bundle.Log([]byte("aaaa\nbb\ncc\n"), 10, 6)); got != "bb\ncc\n" {
		t.Errorf("got %q", got)
	}
}

// files reads an archive.
func files(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = string(body)
	}
}

func TestTheManifestSaysWhatTheArchiveHolds(t *testing.T) {
	b := bundle.New(time.Date(2026, 3, 1, 12, 0, 0, 123, time.UTC))
	b.Document("a.json", "a document", []byte(`{"a":1,"token":"x"}`))
	b.Document("b.json", "no document", []byte(`{`))
	b.Text("log.txt", "a text", []byte("line\n"))
	b.LeaveOut("metrics.json", "refused: password=canary")
	data, err := b.Archive("top")
	if err != nil {
		t.Fatal(err)
	}
	got := files(t, data)
	var m bundle.Manifest
	if err := json.Unmarshal([]byte(got["top/manifest.json"]), &m); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || len(m.Holds) != 2 || len(m.LeftOut) != 3 || strings.Contains(got["top/manifest.json"], "canary") {
		t.Errorf("got %v and %+v", got, m)
	}
	for _, e := range m.Holds {
		sum := sha256.Sum256([]byte(got["top/"+e.Name]))
		if e.SHA256 != hex.EncodeToString(sum[:]) || e.Bytes != len(got["top/"+e.Name]) {
			t.Errorf("%+v does not fit %q", e, got["top/"+e.Name])
		}
	}
	again, err := b.Archive("top")
	if err != nil || !bytes.Equal(data, again) {
		t.Errorf("the same bundle has other bytes: %v", err)
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"a":[{"token":"x"}],"b":"password=y"}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		clean, _, err := bundle.Document(doc)
		if err == nil && !json.Valid(clean) {
			t.Errorf("%q became %q", doc, clean)
		}
	})
}
