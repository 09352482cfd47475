package functions

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

// folders are the names in a directory that are folders.
func folders(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// kinds are the kinds of provider that there are functions for.
func kinds(t *testing.T) []string {
	t.Helper()
	return folders(t, filepath.Join("internal", "clouds"))
}

// function is a row of the catalogue, for one kind if it is made for each.
type function struct {
	name, opener string
}

// functionsOf is what the catalogue asks for, by name.
func functionsOf(all []op.Described, kinds []string) []function {
	var want []function
	for _, o := range all {
		spec := o.Describe()
		name := op.Kebab(spec.Name)
		switch {
		case spec.PerKind:
			for _, kind := range kinds {
				want = append(want, function{name + "-" + kind, "clouds/" + kind})
			}
		case spec.OfKind != "":
			want = append(want, function{name, "clouds/" + spec.OfKind})
		case spec.Kind == op.Query:
			want = append(want, function{name, "reads"})
		default:
			want = append(want, function{name, "writes"})
		}
	}
	slices.SortFunc(want, func(a, b function) int { return strings.Compare(a.name, b.name) })
	return want
}

func TestEveryRowOfTheCatalogueHasItsFolderAndNoOtherDoes(t *testing.T) {
	var want []string
	for _, f := range functionsOf(catalog.All(), kinds(t)) {
		want = append(want, f.name)
	}
	got := slices.DeleteFunc(folders(t, "."), func(name string) bool { return name == "internal" })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders (-catalogue +here):\n%s", diff)
	}
}

func TestAFunctionIsItsMainAndNothingElse(t *testing.T) {
	for _, f := range functionsOf(catalog.All(), kinds(t)) {
		entries, err := os.ReadDir(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) != 1 || entries[0].Name() != "main.go" {
			t.Errorf("%s holds %v", f.name, entries)
		}
		text, err := os.ReadFile(filepath.Join(f.name, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > 12 {
			t.Errorf("%s has %d lines: logic belongs to the handler, wiring to the opener", f.name, lines)
		}
		if opener := `"` + module + "/functions/internal/" + f.opener + `"`; !strings.Contains(string(text), opener) {
			t.Errorf("%s is not opened by %s", f.name, opener)
		}
	}
}
