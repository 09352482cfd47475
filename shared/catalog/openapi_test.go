package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/openapi"
)

// TestOpenAPI holds the document that people read to the catalogue: a change
// of the contract shows as a change of the file.
func TestOpenAPI(t *testing.T) {
	stored := filepath.Join("..", "..", "docs", "openapi.json")
	got, err := openapi.Document(catalog.All(), "unreleased")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(stored, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(stored)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/openapi.json is not what the catalogue says; review the change, then run make openapi:\n%s", diff)
	}
}
