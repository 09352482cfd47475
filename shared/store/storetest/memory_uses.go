package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"

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

func (m *Memory) blocksOf(provider string) (out []broker.Block) {
	for k, b := range m.blocks {
		if k.Provider == provider {
			out = append(out, own(b))
		}
	}
	slices.SortFunc(out, func(a, b broker.Block) int { return strings.Compare(a.Offering, b.Offering) })
	return out
}

// ApplyBlock implements [broker.BlockWriter].
func (m *Memory) ApplyBlock(_ context.Context, key broker.BlockKey, w broker.BlockWrite) (broker.Block, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored := own(m.blocks[key])
	stored.Offering = key.Offering
	before := stored.At(w.Now)
	after, held := w.Apply(before)
	if !held {
		return broker.Block{}, changed(after, "block %v", key)
	}
	if w.Writes(before, after) {
		m.blocks[key] = own(after)
	}
	return own(after), nil
}
