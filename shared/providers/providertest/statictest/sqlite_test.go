package statictest_test

import (
	"testing"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/providers/providertest"
	"github.com/openhostfactory/ohfp/shared/providers/providertest/statictest"
	"github.com/openhostfactory/ohfp/shared/store/sqlite"
)

// The same over the store that the one-machine broker uses.
func TestStaticDriver_keeps_the_contract_over_SQLite(t *testing.T) {
	providertest.Run(t, statictest.Harness(func(tb testing.TB) broker.LeaseBook {
		tb.Helper()
		s, err := sqlite.Open(tb.Context(), tb.TempDir(), sqlite.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() {
			if err := s.Close(); err != nil {
				tb.Error(err)
			}
		})
		return s
	}))
}
