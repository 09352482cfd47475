package sqlite_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/sqlite"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB, dir string, now func() time.Time) storetest.Store {
		s, err := sqlite.Open(t.Context(), dir, sqlite.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
