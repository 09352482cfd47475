package storetest_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func TestMemory(t *testing.T) {
	kept := map[string]*storetest.Memory{}
	storetest.Run(t, func(_ testing.TB, dir string, now func() time.Time) storetest.Store {
		if kept[dir] == nil {
			kept[dir] = storetest.NewMemory(now)
		}
		return kept[dir]
	})
}
