package main

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func packed(t *testing.T, content string, changed time.Time) []byte {
	t.Helper()
	dir := t.TempDir()
	bootstrap := filepath.Join(dir, "settle", "bootstrap")
	if err := os.Mkdir(filepath.Dir(bootstrap), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bootstrap, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(bootstrap, changed, changed); err != nil {
		t.Fatal(err)
	}
	if err := packAll(dir); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(filepath.Join(dir, "settle.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAZipHoldsABootstrapThatCanBeRun(t *testing.T) {
	out := packed(t, "a binary", time.Now())
	z, err := zip.NewReader(bytes.NewReader(out), int64(len(out)))
	if err != nil {
		t.Fatal(err)
	}
	if len(z.File) != 1 || z.File[0].Name != "bootstrap" || z.File[0].Mode() != 0o755 {
		t.Fatalf("%+v", z.File)
	}
	f, err := z.File[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(f); err != nil || string(got) != "a binary" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTheSameBinaryGivesTheSameZipWheneverItWasBuilt(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	one, other := packed(t, "a binary", at), packed(t, "a binary", at.AddDate(1, 2, 3))
	if !bytes.Equal(one, other) {
		t.Error("two zips differ")
	}
	if bytes.Equal(one, packed(t, "another", at)) {
		t.Error("two binaries give one zip")
	}
}

func TestADirectoryWithoutFunctionsIsAMistake(t *testing.T) {
	if err := packAll(t.TempDir()); err == nil {
		t.Error("nothing was packed, and nobody was told")
	}
}
