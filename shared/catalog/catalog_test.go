package catalog_test

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestEveryOperationIsDescribedSoThatHelpFlagsAndSchemaCanBeDerived(t *testing.T) {
	if err := op.Lint(catalog.All()); err != nil {
		t.Fatal(err)
	}
}
