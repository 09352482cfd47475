package storetest

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// ClaimSweep implements [broker.SweepClaimer].
func (m *Memory) ClaimSweep(_ context.Context, name string, seen, next time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.providers[name]
	if !ok || !p.view.NextSweepAt.Equal(seen) {
		return false, nil
	}
	p.view.NextSweepAt = next.UTC()
	return true, nil
}

// RecordSweep implements [broker.SweepRecorder].
func (m *Memory) RecordSweep(_ context.Context, name string, s broker.Sweep) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !s.At.Before(m.sweeps[name].At) {
		m.sweeps[name] = own(s)
	}
	return nil
}

// Sweep implements [broker.SweepReader].
func (m *Memory) Sweep(_ context.Context, name string) (broker.Sweep, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return own(m.sweeps[name]), nil
}

// AdoptMachine implements [broker.MachineWriter].
func (m *Memory) AdoptMachine(_ context.Context, one broker.Machine) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.machines[one.ID]; ok {
		return false, nil
	}
	m.machines[one.ID] = own(one)
	return true, nil
}
