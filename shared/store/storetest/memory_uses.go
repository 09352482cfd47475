package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// Use implements [broker.UseBook].
func (m *Memory) Use(_ context.Context, scope string) (broker.Use, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return own(m.uses[scope]), nil
}

// ApplyUse implements [broker.UseBook].
func (m *Memory) ApplyUse(_ context.Context, scope string, w broker.UseWrite) (broker.Use, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := own(m.uses[scope])
	after, held := w.Apply(before)
	if !held {
		return broker.Use{}, changed(before, "use %q", scope)
	}
	m.uses[scope] = own(after)
	return own(after), nil
}

// Owned implements [broker.OwnedReader].
func (m *Memory) Owned(_ context.Context, provider string) (out []broker.Owned, _ error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.machines {
		if x.Provider == provider && !x.Status.Final() {
			out = append(out, broker.Owned{MachineID: x.ID, OperationID: x.OperationID, TemplateID: x.TemplateID})
		}
	}
	slices.SortFunc(out, func(a, b broker.Owned) int { return cmp.Compare(a.MachineID, b.MachineID) })
	return out, nil
}
