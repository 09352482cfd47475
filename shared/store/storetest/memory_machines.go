package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// NoteMachine implements [broker.MachineWriter].
func (m *Memory) NoteMachine(_ context.Context, id string, n broker.MachineNote) (broker.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, ok := m.machines[id]
	if !ok {
		return broker.Machine{}, missing("machine", id)
	}
	noted, _ := old.Note(n)
	m.machines[id] = own(noted)
	return noted, nil
}

// Machines implements [broker.MachineReader].
func (m *Memory) Machines(_ context.Context, ids []string) ([]broker.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.Machine
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if one, ok := m.machines[id]; ok && !m.past(one) {
			out = append(out, own(one))
		}
	}
	return out, nil
}

// OwnedMachines implements [broker.MachineReader].
func (m *Memory) OwnedMachines(_ context.Context, provider string, limit int) ([]broker.Machine, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.Machine
	for _, one := range m.machines {
		if one.Provider == provider && !one.Status.Final() {
			out = append(out, own(one))
		}
	}
	slices.SortFunc(out, func(a, b broker.Machine) int { return cmp.Compare(a.ID, b.ID) })
	return out[:min(len(out), limit)], nil
}

// ListMachines implements [broker.MachineLister]. Its cursor is the id of the
// last machine of the page before.
func (m *Memory) ListMachines(_ context.Context, f broker.MachineFilter, p broker.Page) ([]broker.Machine, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last, known := m.machines[p.Cursor]
	if p.Cursor != "" && !known {
		return nil, "", fault.Invalid("cursor", "is not one that this list gave")
	}
	if l := m.ops[f.OperationID]; f.OperationID != "" && (l == nil || m.gone(l.Operation)) {
		return nil, "", missing("operation", f.OperationID)
	}
	var all []broker.Machine
	for _, one := range m.machines {
		if m.listed(f, one) && (!known || newestFirst(last, one) < 0) {
			all = append(all, own(one))
		}
	}
	slices.SortFunc(all, newestFirst)
	if len(all) <= p.Limit {
		return all, "", nil
	}
	return all[:p.Limit], all[p.Limit-1].ID, nil
}

func newestFirst(a, b broker.Machine) int {
	return cmp.Or(b.LaunchTime.Compare(a.LaunchTime), cmp.Compare(b.ID, a.ID))
}

// listed reports whether a machine is what a filter asks for. Those of an
// operation are the ones that its ledger names.
func (m *Memory) listed(f broker.MachineFilter, one broker.Machine) bool {
	if m.past(one) || f.Provider != "" && one.Provider != f.Provider || f.Status != "" && one.Status != f.Status {
		return false
	}
	if f.OperationID == "" {
		return true
	}
	named := slices.ContainsFunc(m.ops[f.OperationID].Attempts, func(a broker.Attempt) bool {
		return slices.ContainsFunc(a.Machines, func(n broker.Machine) bool { return n.ID == one.ID })
	})
	return named && one.OperationID == f.OperationID
}
