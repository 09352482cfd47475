package storetest

import (
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

func testConfig(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		run  func(*fixture)
	}{
		{"a broker that nobody configured has the defaults", configDefault},
		{"it comes back as it was given, with its version, alone and in snapshots", configRoundTrip},
		{"another version is a conflict with the stored one", configConflict},
		{"it survives a restart", configRestart},
		{"it shares nothing with what was given or read", configCopies},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(newFixture(t, open)) })
	}
}

// configuration differs from the default one in everything.
func configuration() broker.StrategyConfig {
	yes, rate := true, 95.0
	return broker.StrategyConfig{
		DefaultPolicy: broker.RoundRobin, Criteria: broker.Criteria{RequireHealthy: &yes, MinSuccessRate: &rate, Zones: []string{"rack-1"}},
		Fallbacks: []string{"pool-b", "pool-c"}, HealthCheckInterval: 90 * time.Second, ExploreCreates: true, Mode: broker.ModeFrozen,
		Breaker: broker.BreakerConfig{
			FailureThreshold: 1, FailureRate: 2, SlowRate: 3, SlowCall: 4 * time.Millisecond, MinimumCalls: 5, Window: 20 * time.Second,
			RecoveryTimeout: 7 * time.Second, MaxRecoveryTimeout: 8 * time.Second, HalfOpenMaxCalls: 9, SuccessThreshold: 10,
		},
		UpdatedAt: start, Actor: broker.Actor{Principal: "ada", SourceIP: "127.0.0.1", RequestID: "r-1"},
	}
}

func (f *fixture) config() broker.StrategyConfig {
	f.Helper()
	return must[broker.StrategyConfig](f)(f.StrategyConfig(f.Context()))
}

func (f *fixture) putConfig(c broker.StrategyConfig) broker.StrategyConfig {
	f.Helper()
	return must[broker.StrategyConfig](f)(f.PutConfig(f.Context(), c))
}

func configDefault(f *fixture) {
	f.same(broker.DefaultConfig(), f.config())
	f.same(broker.DefaultConfig(), must[broker.Snapshot](f)(f.Snapshot(f.Context())).Config)
	f.same(broker.DefaultConfig(), f.config()) // with a snapshot behind it
}

func configRoundTrip(f *fixture) {
	must[broker.Snapshot](f)(f.Snapshot(f.Context())) // which must not stand in for what is put next
	want := configuration()
	want.Version = 1
	f.same(want, f.putConfig(configuration()))
	f.same(want, f.config())
	f.same(want, must[broker.Snapshot](f)(f.Snapshot(f.Context())).Config)
	f.same(want, f.config())
	want.Mode, want.Version = broker.ModeOpen, 1
	want = f.putConfig(want)
	f.same(int64(2), want.Version)
	f.same(want, f.config())
	f.same(want, must[broker.Snapshot](f)(f.FreshSnapshot(f.Context())).Config)
	f.same(0, len(must[broker.Snapshot](f)(f.Snapshot(f.Context())).Providers))
}

func configConflict(f *fixture) {
	early := configuration()
	early.Version = 1
	_, err := f.PutConfig(f.Context(), early)
	f.conflict(err, broker.DefaultConfig())
	stored := f.putConfig(configuration())
	for _, version := range []int64{0, 2, -1} {
		other := configuration()
		other.Version, other.Mode = version, broker.ModeOpen
		_, err := f.PutConfig(f.Context(), other)
		f.conflict(err, stored)
	}
	f.same(stored, f.config())
}

func configRestart(f *fixture) {
	stored := f.putConfig(configuration())
	f.restart()
	f.same(stored, f.config())
	stored.Fallbacks = nil
	f.same(int64(2), f.putConfig(stored).Version)
}

func configCopies(f *fixture) {
	spoil := func(c broker.StrategyConfig) {
		c.Fallbacks[0], c.Criteria.Zones[0], *c.Criteria.MinSuccessRate = "x", "x", 1
	}
	given := configuration()
	put := f.putConfig(given)
	spoil(given)
	want := configuration()
	want.Version = 1
	if f.config().Fallbacks[0] == "x" {
		f.Error("what was given is kept")
	}
	spoil(put)
	spoil(f.config())
	spoil(must[broker.Snapshot](f)(f.Snapshot(f.Context())).Config)
	spoil(f.config())
	f.same(want, f.config())
	f.same(want, must[broker.Snapshot](f)(f.Snapshot(f.Context())).Config)
}

func raceConfig(f *fixture) {
	for version := range int64(3) {
		winner := f.oneWins(race(func(i int) error {
			c := configuration()
			c.Version, c.HealthCheckInterval = version, time.Duration(60+i)*time.Second
			_, err := f.PutConfig(f.Context(), c)
			return err
		}))
		got := f.config()
		f.same(time.Duration(60+winner)*time.Second, got.HealthCheckInterval)
		f.same(version+1, got.Version)
	}
}
