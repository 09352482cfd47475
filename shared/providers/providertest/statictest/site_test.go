package statictest_test

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/providers/providertest"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
)

func TestStaticDriver_keeps_the_contract_of_drivers(t *testing.T) {
	providertest.Run(t, statictest.Harness(nil))
}
