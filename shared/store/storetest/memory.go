package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// Memory is a store in maps. It keeps what it is given for as long as the
// process lives; Close does nothing.
type Memory struct {
	now func() time.Time

	mu        sync.Mutex
	meta      broker.Meta
	config    broker.StrategyConfig
	order     int64
	providers map[string]*memProvider
	caps      map[string]broker.Capabilities
	sweeps    map[string]broker.Sweep
	live      map[broker.LiveKey]broker.Live
	blocks    map[broker.BlockKey]broker.Block
	uses      map[string]broker.Use
	templates map[string]broker.Template
	tickets   map[string]ticket
	keys      map[broker.Key]broker.KeyRecord
	ops       map[string]*broker.Ledger
	machines  map[string]broker.Machine
	leases    map[[2]string]broker.Lease // by provider and host
	versions  map[[2]string]int64        // the newest that a host's lease had
	metrics   map[broker.MetricKey]broker.MetricRow
	events    []broker.Event // as they happened
	audits    []broker.AuditEvent
	hosts     map[string]broker.HostProvider
}

type ticket struct {
	next int64
	used time.Time
}

type memProvider struct {
	reg     broker.Registration
	view    broker.ProviderView
	history []broker.Health // oldest first
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store with the given clock.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{
		now:       now,
		meta:      broker.Meta{ID: uuid.NewString(), CreatedAt: now().UTC(), Schema: 1},
		config:    broker.DefaultConfig(),
		providers: map[string]*memProvider{}, caps: map[string]broker.Capabilities{}, sweeps: map[string]broker.Sweep{}, live: map[broker.LiveKey]broker.Live{},
		blocks: map[broker.BlockKey]broker.Block{}, uses: map[string]broker.Use{},
		templates: map[string]broker.Template{}, tickets: map[string]ticket{},
		keys: map[broker.Key]broker.KeyRecord{}, ops: map[string]*broker.Ledger{},
		machines: map[string]broker.Machine{}, leases: map[[2]string]broker.Lease{}, versions: map[[2]string]int64{},
		metrics: map[broker.MetricKey]broker.MetricRow{}, hosts: map[string]broker.HostProvider{},
	}
}

// own returns a value that shares nothing with v. The values of the domain
// are plain data, so they always have a document.
func own[T any](v T) T {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("copying %T: %v", v, err))
	}
	var out T
	if err := json.Unmarshal(b, &out); err != nil {
		panic(fmt.Sprintf("copying %T: %v", v, err))
	}
	return out
}

// What has ended is kept so long.
const (
	operationsKept = 35 * 24 * time.Hour
	machinesKept   = 40 * 24 * time.Hour
)

// gone reports whether an operation has expired.
func (m *Memory) gone(o broker.Operation) bool {
	return !o.Status.Open() && !o.EndedAt.IsZero() && !m.now().Before(o.EndedAt.Add(operationsKept))
}

// past reports whether a machine has expired.
func (m *Memory) past(one broker.Machine) bool {
	return one.Status.Final() && !one.UpdatedAt.IsZero() && !m.now().Before(one.UpdatedAt.Add(machinesKept))
}

func changed(current any, format string, args ...any) error {
	return &broker.Conflict{What: fmt.Sprintf(format, args...), Current: current}
}

func missing(what, name string) error {
	return fault.New(fault.NotFound, "There is no %s %q.", what, name)
}

// Close does nothing.
func (m *Memory) Close() error { return nil }

// Meta returns the broker's identity.
func (m *Memory) Meta(context.Context) (broker.Meta, error) { return m.meta, nil }

// Provider implements [broker.ProviderReader].
func (m *Memory) Provider(_ context.Context, name string) (broker.Registration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok {
		return broker.Registration{}, missing("provider", name)
	}
	return own(p.reg), nil
}

// Snapshot implements [broker.ProviderReader].
func (m *Memory) Snapshot(context.Context) (broker.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := broker.Snapshot{TakenAt: m.now().UTC(), Config: own(m.config)}
	for _, name := range slices.Sorted(maps.Keys(m.providers)) {
		v := own(m.providers[name].view)
		live := map[string]broker.Live{}
		for k, l := range m.live {
			if k.Provider == name {
				live[k.Class] = own(l)
			}
		}
		v.Attach(live, m.blocksOf(name), s.TakenAt)
		s.Providers = append(s.Providers, v)
	}
	return s, nil
}

// FreshSnapshot implements [broker.ProviderReader]: none is kept.
func (m *Memory) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) { return m.Snapshot(ctx) }

// PutProvider implements [broker.ProviderWriter].
func (m *Memory) PutProvider(_ context.Context, r broker.Registration) (broker.Registration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by := r.Actor
	r = own(r)
	p, ok := m.providers[r.Name]
	if !ok {
		p = &memProvider{}
	}
	switch {
	case !ok && r.Version != 0:
		return broker.Registration{}, changed(broker.Registration{}, "provider %q", r.Name)
	case p.reg.Version != r.Version:
		return broker.Registration{}, changed(own(p.reg), "provider %q", r.Name)
	}
	if r.Order = p.reg.Order; !ok {
		m.order++
		r.Order = m.order
	}
	r.Version++
	v := r.View()
	if ok {
		v.Health, v.NextCheckAt, v.CheckStartedAt = p.view.Health, p.view.NextCheckAt, p.view.CheckStartedAt
		v.NextSweepAt = p.view.NextSweepAt
		v.DigestAt, v.Measured, v.Rolled = p.view.DigestAt, p.view.Measured, p.view.Rolled
	}
	m.told(broker.RegistrationAudit(known(ok, &p.reg), &r, by))
	p.reg, p.view = r, v
	m.tell(registered(r))
	m.providers[r.Name] = p
	return own(r), nil
}

// DeleteProvider implements [broker.ProviderWriter].
func (m *Memory) DeleteProvider(_ context.Context, name string, version int64, by broker.Actor) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok {
		return nil
	}
	if p.reg.Version != version {
		return changed(own(p.reg), "provider %q", name)
	}
	m.told(broker.RegistrationAudit(&p.reg, nil, by))
	delete(m.providers, name)
	delete(m.caps, name)
	m.tell(broker.Event{Type: broker.EventProviderDeregistered, Provider: name, Version: version})
	delete(m.sweeps, name)
	maps.DeleteFunc(m.live, func(k broker.LiveKey, _ broker.Live) bool { return k.Provider == name })
	return nil
}

// StrategyConfig implements [broker.ConfigReader].
func (m *Memory) StrategyConfig(context.Context) (broker.StrategyConfig, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return own(m.config), nil
}

// PutConfig implements [broker.ConfigWriter].
func (m *Memory) PutConfig(_ context.Context, c broker.StrategyConfig) (broker.StrategyConfig, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.config.Version != c.Version {
		return broker.StrategyConfig{}, changed(own(m.config), "the configuration")
	}
	m.told(broker.ConfigAudit(&m.config, &c))
	c = own(c)
	c.Version++
	m.config = c
	m.tell(broker.Event{
		Type: broker.EventStrategyConfigured, Version: c.Version, Mode: c.Mode, Policy: c.DefaultPolicy, BreakerEnabled: &c.Breaker.Enabled,
	})
	return own(c), nil
}

// RecordHealth implements [broker.HealthRecorder].
func (m *Memory) RecordHealth(_ context.Context, name string, h broker.Health) (broker.Health, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok {
		return broker.Health{}, missing("provider", name)
	}
	was := p.view.Health
	if h.CheckedAt.Before(was.CheckedAt) {
		return own(was), nil
	}
	m.told(broker.HealthAudit(name, &was, &h))
	if h.State != was.State || h.Message != was.Message || h.Source != was.Source {
		p.history = slices.DeleteFunc(p.history, func(o broker.Health) bool { return o.CheckedAt.Equal(h.CheckedAt) })
		entry := own(h)
		entry.FailedInRow = 0
		p.history = append(p.history, entry)
	}
	if reported := h.Source != ""; h.State != was.State {
		m.tell(broker.Event{Type: broker.EventProviderHealthChanged, Provider: name, Health: h.State, PreviousHealth: was.State, Reported: &reported})
	}
	h.FailedInRow = was.FailedInRow
	if h.State == broker.Healthy || h.State == broker.Degraded {
		h.FailedInRow = 0
	} else if h.Scheduled {
		h.FailedInRow++
	}
	p.view.Health, p.view.CheckStartedAt = own(h), time.Time{}
	return own(h), nil
}

// ClaimCheck implements [broker.HealthRecorder].
func (m *Memory) ClaimCheck(_ context.Context, name string, seen, now, next time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok || !p.view.NextCheckAt.Equal(seen) {
		return false, nil
	}
	p.view.NextCheckAt, p.view.CheckStartedAt = next.UTC(), now.UTC()
	return true, nil
}

// HealthHistory implements [broker.HealthHistory]. Entries older than 35 days
// are gone.
func (m *Memory) HealthHistory(_ context.Context, name string, since time.Time, limit int) ([]broker.Health, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok {
		return nil, nil
	}
	oldest := m.now().AddDate(0, 0, -35)
	var out []broker.Health
	for _, h := range slices.Backward(p.history) {
		if len(out) < limit && !h.CheckedAt.Before(since) && !h.CheckedAt.Before(oldest) {
			out = append(out, own(h))
		}
	}
	return out, nil
}

// ApplyLive implements [broker.LiveWriter].
func (m *Memory) ApplyLive(_ context.Context, key broker.LiveKey, w broker.LiveWrite) (broker.Live, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.live[key]
	after, held := w.Apply(before)
	if !held {
		return broker.Live{}, changed(own(m.live[key]), "breaker %v", key)
	}
	m.tellLive(key, before, after)
	m.live[key] = own(after)
	return own(after), nil
}
