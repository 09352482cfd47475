package storetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// HostProvider implements [broker.HostProviderReader].
func (m *Memory) HostProvider(_ context.Context, name string) (broker.HostProvider, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h, ok := m.hosts[name]
	if !ok {
		return h, missing("host provider", name)
	}
	return own(h), nil
}

// PutHostProvider implements [broker.HostProviderWriter].
func (m *Memory) PutHostProvider(_ context.Context, h broker.HostProvider) (broker.HostProvider, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.hosts[h.Name]; old.Version != h.Version {
		return broker.HostProvider{}, changed(own(old), "host provider %q", h.Name)
	}
	old, ok := m.hosts[h.Name]
	m.told(broker.HostProviderAudit(known(ok, &old), &h))
	h = own(h)
	h.Version++
	m.hosts[h.Name] = h
	return own(h), nil
}

// NamedMachines implements [broker.MachineFinder].
func (m *Memory) NamedMachines(_ context.Context, names []string) ([]broker.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.Machine
	for _, one := range m.machines {
		if one.Name != "" && slices.Contains(names, one.Name) && !one.Status.Final() {
			out = append(out, own(one))
		}
	}
	slices.SortFunc(out, func(a, b broker.Machine) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// Reclaims implements [broker.ReclaimReader].
func (m *Memory) Reclaims(_ context.Context, since time.Time) ([]broker.Reclaim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []broker.Reclaim{}
	for _, one := range m.machines {
		if r, taken := one.Reclaimed(); taken && r.At.After(since) {
			out = append(out, own(r))
		}
	}
	slices.SortFunc(out, func(a, b broker.Reclaim) int { return cmp.Compare(a.MachineID, b.MachineID) })
	return out, nil
}
