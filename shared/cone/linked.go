package cone

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Package is the part of `go list -json` that is read here.
type Package struct {
	ImportPath string
	Dir        string
	Deps       []string
	GoFiles    []string
	EmbedFiles []string
	Module     *Module // nil: the standard library
}

// Module is that of a package.
type Module struct {
	Path string
	Main bool // this one
}

// Build is what is built, and how.
type Build struct {
	Root     string // of the module
	Packages string // a pattern of the go command
	Tags     string
	Env      []string // beside that of the test
}

// Linked returns the packages that are built, and what they link.
//
// `go test` caches the result of a test by the files that the test itself
// opened, and does not see what a `go list` below it reads. So that a change
// is never answered from the cache, every source that decides about a cone, or
// is built into its binary, is opened here too.
func Linked(t testing.TB, b Build) []*Package {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-tags", b.Tags, //nolint:gosec // of a test's own words
		"-json=ImportPath,Dir,Deps,GoFiles,EmbedFiles,Module", b.Packages)
	cmd.Env = append(cmd.Environ(), b.Env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing what %s links: %v\n%s", b.Packages, err, &stderr)
	}
	all := decode(t, out)
	touch(t, filepath.Join(b.Root, "go.mod"))
	touch(t, filepath.Join(b.Root, "go.sum"))
	for _, p := range all {
		if p.Module == nil || !p.Module.Main {
			continue
		}
		touch(t, p.Dir) // a file that is added
		for _, f := range slices.Concat(p.GoFiles, p.EmbedFiles) {
			touch(t, filepath.Join(p.Dir, f))
		}
	}
	return all
}

func decode(t testing.TB, out []byte) []*Package {
	t.Helper()
	var all []*Package
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &Package{}
		err := d.Decode(p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("reading the output of go list: %v", err)
		}
		all = append(all, p)
	}
}

func touch(t testing.TB, path string) {
	t.Helper()
	f, err := os.Open(path) //nolint:gosec // a source of this module
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Matches obeys the pattern language of the go command as far as cones use it:
// a path, or a path with everything below it.
func Matches(pattern, path string) bool {
	root, below := strings.CutSuffix(pattern, "/...")
	return path == root || below && strings.HasPrefix(path, root+"/")
}
