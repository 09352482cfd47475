package catalog_test

import (
	"slices"
	"testing"

	"github.com/openhostfactory/ohfp/shared/catalog"
	"github.com/openhostfactory/ohfp/shared/op"
)

func TestNoOperationThatIsBuiltIsCalledPlanned(t *testing.T) {
	for _, o := range catalog.All() {
		if name := o.Describe().Name; slices.Contains(catalog.Planned(), name) {
			t.Errorf("%s is built: take it from the list", name)
		}
	}
}

func TestEveryOperationIsDescribedSoThatHelpFlagsAndSchemaCanBeDerived(t *testing.T) {
	if err := op.Lint(catalog.All()); err != nil {
		t.Fatal(err)
	}
}
