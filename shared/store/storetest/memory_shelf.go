package storetest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// RecordCapabilities implements [broker.CapabilityBook].
func (m *Memory) RecordCapabilities(_ context.Context, name string, c broker.Capabilities) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !c.VerifiedAt.Before(m.caps[name].VerifiedAt) {
		m.caps[name] = own(c)
	}
	return nil
}

// Capabilities implements [broker.CapabilityReader].
func (m *Memory) Capabilities(_ context.Context, name string) (broker.Capabilities, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return own(m.caps[name]), nil
}

// Template implements [broker.TemplateReader].
func (m *Memory) Template(_ context.Context, id string) (broker.Template, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.templates[id]
	if !ok {
		return t, missing("template", id)
	}
	return own(t), nil
}

// Templates implements [broker.TemplateReader].
func (m *Memory) Templates(_ context.Context, p broker.Page) ([]broker.Template, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	after, ok := strings.CutPrefix(p.Cursor, "after:")
	if !ok && p.Cursor != "" {
		return nil, "", fault.Invalid("cursor", "is not one that this list gave")
	}
	var out []broker.Template
	for _, id := range slices.Sorted(maps.Keys(m.templates)) {
		if id <= after && ok {
			continue
		}
		if len(out) == p.Limit {
			return out, "after:" + out[len(out)-1].ID, nil
		}
		out = append(out, own(m.templates[id]))
	}
	return out, "", nil
}

// PutTemplate implements [broker.TemplateWriter].
func (m *Memory) PutTemplate(_ context.Context, t broker.Template) (broker.Template, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.templates[t.ID]; old.Version != t.Version {
		return broker.Template{}, changed(own(old), "template %q", t.ID)
	}
	old, ok := m.templates[t.ID]
	m.told(broker.TemplateAudit(known(ok, &old), &t, t.Actor))
	t = own(t)
	t.Version++
	m.templates[t.ID] = t
	return own(t), nil
}

// DeleteTemplate implements [broker.TemplateWriter].
func (m *Memory) DeleteTemplate(_ context.Context, id string, by broker.Actor) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.templates[id]
	if !ok {
		return missing("template", id)
	}
	m.told(broker.TemplateAudit(&old, nil, by))
	delete(m.templates, id)
	return nil
}

// Ticket implements [broker.TicketTaker].
func (m *Memory) Ticket(_ context.Context, scope string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.tickets[scope].next
	m.tickets[scope] = ticket{next: n + 1, used: m.now()}
	return n, nil
}

// Leases implements [broker.LeaseBook].
func (m *Memory) Leases(_ context.Context, provider string) ([]broker.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.Lease
	for k, l := range m.leases {
		if k[0] == provider {
			out = append(out, l)
		}
	}
	slices.SortFunc(out, func(a, b broker.Lease) int { return cmp.Compare(a.Host, b.Host) })
	return out, nil
}

// TakeLease implements [broker.LeaseBook].
func (m *Memory) TakeLease(_ context.Context, l broker.Lease) (broker.Lease, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := [2]string{l.Provider, l.Host}
	if m.leases[k].Version != l.Version {
		return broker.Lease{}, changed(m.leases[k], "lease of host %q", l.Host)
	}
	m.versions[k]++
	l.Version = m.versions[k]
	m.leases[k] = l
	return l, nil
}

// DropLease implements [broker.LeaseBook].
func (m *Memory) DropLease(_ context.Context, provider, host, machineID string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := [2]string{provider, host}
	l, ok := m.leases[k]
	if !ok || l.MachineID != machineID {
		return false, nil
	}
	delete(m.leases, k)
	return true, nil
}
