package static_test

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/providers/config"
	"github.com/openhostfactory/ohfp/shared/providers/static"
	"github.com/openhostfactory/ohfp/shared/store/storetest"
)

// Decisions are taken by what package config says of a kind, look-ups are
// counted by what the driver says. An opener that differs would take an outcome
// for known too early.
func TestAPoolsMachinesAreFoundAtOnceByEveryAccount(t *testing.T) {
	memory := storetest.NewMemory(time.Now)
	o, err := static.New(static.Options{Leases: memory, Machines: memory, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for account, lag := range map[string]time.Duration{"driver": o.Traits().ConsistencyLag, "schema": config.Lag(o.Kind())} {
		if lag != 0 {
			t.Errorf("%s: a machine is found after %s", account, lag)
		}
	}
}
