package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func testCapabilities(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"what was recorded is read, and nothing where nothing was", capabilitiesRoundTrip},
		{"an older record is dropped", capabilitiesOlder},
		{"they go with their provider", capabilitiesGo},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

func capabilities(gpu bool, at time.Time) broker.Capabilities {
	return broker.Capabilities{
		Verified: map[string]any{"gpu": gpu, "zones": []any{"a", "b"}}, Limits: map[string]any{"max_machines": float64(4)},
		VerifiedAt: at, Order: 1, Version: 2,
		Types: map[string]broker.MachineType{"large": {
			Cores: 2, MemoryMiB: 4096, Architecture: "X86_64", Zones: []string{"a"}, SeenAt: at,
			Price: &broker.Price{PerHour: 0.5}, Spot: &broker.Price{PerHour: 0.1, At: at},
		}},
	}
}

func (f *fixture) capabilities(name string) broker.Capabilities {
	f.Helper()
	return must[broker.Capabilities](f)(f.Capabilities(f.Context(), name))
}

func capabilitiesRoundTrip(f *fixture) {
	f.same(broker.Capabilities{}, f.capabilities("pool-a"))
	want := capabilities(true, start)
	f.ok(f.RecordCapabilities(f.Context(), "pool-a", want))
	f.same(want, f.capabilities("pool-a"))
	f.same(broker.Capabilities{}, f.capabilities("pool"))
	f.restart()
	f.same(want, f.capabilities("pool-a"))
}

func capabilitiesOlder(f *fixture) {
	newer := capabilities(true, at(time.Minute))
	f.ok(f.RecordCapabilities(f.Context(), "pool-a", newer))
	f.ok(f.RecordCapabilities(f.Context(), "pool-a", capabilities(false, start)))
	f.same(newer, f.capabilities("pool-a"))
	again := capabilities(false, at(time.Minute)) // of one moment the later record stays
	f.ok(f.RecordCapabilities(f.Context(), "pool-a", again))
	f.same(again, f.capabilities("pool-a"))
}

func capabilitiesGo(f *fixture) {
	must[broker.Registration](f)(f.PutProvider(f.Context(), registration("pool-a")))
	f.ok(f.RecordCapabilities(f.Context(), "pool-a", capabilities(true, start)))
	f.ok(f.RecordCapabilities(f.Context(), "pool-b", capabilities(true, start)))
	must[broker.Registration](f)(f.PutProvider(f.Context(), withVersion("pool-a", 1)))
	f.same(capabilities(true, start), f.capabilities("pool-a"))
	f.ok(f.DeleteProvider(f.Context(), "pool-a", 2, broker.Actor{}))
	f.same(broker.Capabilities{}, f.capabilities("pool-a"))
	f.same(capabilities(true, start), f.capabilities("pool-b"))
}

// withVersion is a registration as a caller has seen it.
func withVersion(name string, version int64) broker.Registration {
	r := registration(name)
	r.Version = version
	return r
}
