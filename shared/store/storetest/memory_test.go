package storetest_test

import (
	"sync"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

func TestMemory(t *testing.T) {
	var mu sync.Mutex
	kept := map[string]*storetest.Memory{}
	storetest.Run(t, func(_ testing.TB, dir string, now func() time.Time) storetest.Store {
		mu.Lock()
		defer mu.Unlock()
		if kept[dir] == nil {
			kept[dir] = storetest.NewMemory(now)
		}
		return kept[dir]
	})
}
