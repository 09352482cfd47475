package broker

import (
	"context"
	"time"
)

// Ports of the registry: what is known and said of providers.

// ProviderReader reads registrations.
type ProviderReader interface {
	// Provider returns the registration by name. not_found.
	Provider(ctx context.Context, name string) (Registration, error)
	// Snapshot returns what selection reads about all providers, with live
	// rows and configuration: two queries, or none when a kept one is handed
	// out. A kept one is good for choosing, where the permit decides in the
	// end; what it lacks may be there, so that nothing is refused by it.
	Snapshot(ctx context.Context) (Snapshot, error)
	// FreshSnapshot is Snapshot, read now: all that was stored before the call
	// is in it.
	FreshSnapshot(ctx context.Context) (Snapshot, error)
}

// ProviderWriter changes registrations.
type ProviderWriter interface {
	// PutProvider stores r if the stored version is r.Version (0: none), and
	// returns it with version + 1 and, when new, the next registration order.
	// What selection reads changes with it in one transaction; health is kept.
	// *Conflict with the stored Registration.
	PutProvider(ctx context.Context, r Registration) (Registration, error)
	// DeleteProvider removes a registration of that version for by, with its live
	// rows, capabilities, health and history. *Conflict; a missing one is no error.
	DeleteProvider(ctx context.Context, name string, version int64, by Actor) error
}

// ConfigReader reads the configuration.
type ConfigReader interface {
	// StrategyConfig returns the configuration, [DefaultConfig] when nobody
	// has configured the broker: one read, or none when a snapshot is kept. A
	// change is in it as soon as it would be in Snapshot.
	StrategyConfig(ctx context.Context) (StrategyConfig, error)
}

// ConfigWriter changes the configuration.
type ConfigWriter interface {
	// PutConfig stores c if the stored version is c.Version (0: none), and
	// returns it with version + 1. *Conflict with the stored StrategyConfig,
	// [DefaultConfig] when there is none.
	PutConfig(ctx context.Context, c StrategyConfig) (StrategyConfig, error)
}

// HealthRecorder stores what checks found.
type HealthRecorder interface {
	// RecordHealth stores what [Health.Following] makes of h for the provider
	// if it is registered, clears the check in progress, and adds to the
	// history when h is news. It returns what is stored then. not_found. A
	// record older than the stored one is dropped.
	RecordHealth(ctx context.Context, name string, h Health) (Health, error)
	// ClaimCheck takes the check that was due at seen: the next one is due at
	// next, and one is in progress since now. False: another took it.
	ClaimCheck(ctx context.Context, name string, seen, now, next time.Time) (bool, error)
}

// SweepClaimer gives out searches for machines without a record.
type SweepClaimer interface {
	// ClaimSweep takes the search at a provider that was due at seen: the next
	// one is due at next. False: another took it, or the provider is gone.
	ClaimSweep(ctx context.Context, name string, seen, next time.Time) (bool, error)
}

// SweepRecorder stores what searches found.
type SweepRecorder interface {
	// RecordSweep stores the newest search at a provider. One that is older
	// than what is stored is dropped.
	RecordSweep(ctx context.Context, name string, s Sweep) error
}

// SweepReader reads what searches found.
type SweepReader interface {
	// Sweep returns the newest search at a provider, be it for an earlier
	// registration; the zero value when none was recorded.
	Sweep(ctx context.Context, name string) (Sweep, error)
}

// CapabilityBook keeps what providers were seen to offer.
type CapabilityBook interface {
	CapabilityReader
	// RecordCapabilities stores c. A record older than the stored one is
	// dropped.
	RecordCapabilities(ctx context.Context, name string, c Capabilities) error
}

// CapabilityReader reads what providers were seen to offer.
type CapabilityReader interface {
	// Capabilities returns what was recorded of a provider, be it for an
	// earlier registration; the zero value when nothing was.
	Capabilities(ctx context.Context, name string) (Capabilities, error)
}

// HealthHistory reads what checks found, newest first.
type HealthHistory interface {
	HealthHistory(ctx context.Context, name string, since time.Time, limit int) ([]Health, error)
}

// LiveWriter changes a breaker's row.
type LiveWriter interface {
	// ApplyLive carries w out and returns the row after it. When w's condition
	// does not hold: *Conflict with the stored Live.
	ApplyLive(ctx context.Context, key LiveKey, w LiveWrite) (Live, error)
}

// BlockWriter changes what a provider is out of.
type BlockWriter interface {
	// ApplyBlock carries w out and returns the block after it. When w's
	// condition does not hold: *Conflict with the stored Block. A power cut may
	// lose it: it is learnt again.
	ApplyBlock(ctx context.Context, key BlockKey, w BlockWrite) (Block, error)
}

// MetricWriter counts. What it writes a power cut may lose.
type MetricWriter interface {
	// AddMetric adds r to the row of its key, and makes it where there is none.
	// A row that has expired may be added to. A write that is repeated because
	// its answer was lost counts once, unless another came in between.
	AddMetric(ctx context.Context, r MetricRow) error
}

// MetricReader reads counters.
type MetricReader interface {
	// MetricRows returns the rows of a range that have not expired, by key: one
	// query.
	MetricRows(ctx context.Context, r MetricRange) ([]MetricRow, error)
}

// MetricRoller keeps what the tick makes of counters.
type MetricRoller interface {
	// PutMetric stores r in the place of what is there.
	PutMetric(ctx context.Context, r MetricRow) error
	// PutDigest stores what snapshots say was measured of a provider. One that
	// is older than what is stored is dropped, and so is one of a provider that
	// is not registered.
	PutDigest(ctx context.Context, provider string, d Digest) error
}
