package catalog_test

import (
	"context"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
)

// setReads has reads fail, or not: blind says which.
func (s *spy) setReads(blind func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blind = blind
}

// readings are the reads since the last reset, by name.
func (s *spy) readings() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.read...)
}

// look notes a read, and is why it fails.
func (s *spy) look(read string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = append(s.read, read)
	if s.blind == nil {
		return nil
	}
	err := s.blind()
	if err != nil {
		s.unseen++
	}
	return err
}

// missed is how many reads have failed since the last reset.
func (s *spy) missed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unseen
}

// lookedUp are the names that machines were looked up by, of each look-up.
func (s *spy) lookedUp() [][]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names
}

// looked reads.
func looked[T any](s *spy, name string, read func() (T, error)) (none T, err error) {
	if err := s.look(name); err != nil {
		return none, err
	}
	return read()
}

func (s *spy) Ledger(ctx context.Context, id string) (broker.Ledger, error) {
	return looked(s, "ledger", func() (broker.Ledger, error) { return s.Store.Ledger(ctx, id) })
}

func (s *spy) Machines(ctx context.Context, ids []string) ([]broker.Machine, error) {
	return looked(s, "machines", func() ([]broker.Machine, error) { return s.Store.Machines(ctx, ids) })
}

func (s *spy) OwnedMachines(ctx context.Context, provider string, limit int) ([]broker.Machine, error) {
	return looked(s, "owned machines", func() ([]broker.Machine, error) { return s.Store.OwnedMachines(ctx, provider, limit) })
}

func (s *spy) NamedMachines(ctx context.Context, names []string) ([]broker.Machine, error) {
	s.mu.Lock()
	s.names = append(s.names, names)
	s.mu.Unlock()
	return looked(s, "named machines", func() ([]broker.Machine, error) { return s.Store.NamedMachines(ctx, names) })
}

func (s *spy) Reclaims(ctx context.Context, since time.Time) ([]broker.Reclaim, error) {
	return looked(s, "reclaims", func() ([]broker.Reclaim, error) { return s.Store.Reclaims(ctx, since) })
}

func (s *spy) OpenOperations(ctx context.Context, due time.Time, limit int) ([]broker.Operation, error) {
	return looked(s, "open operations", func() ([]broker.Operation, error) { return s.Store.OpenOperations(ctx, due, limit) })
}

func (s *spy) Snapshot(ctx context.Context) (broker.Snapshot, error) {
	return looked(s, "snapshot", func() (broker.Snapshot, error) { return s.Store.Snapshot(ctx) })
}

func (s *spy) FreshSnapshot(ctx context.Context) (broker.Snapshot, error) {
	return looked(s, "fresh snapshot", func() (broker.Snapshot, error) { return s.Store.FreshSnapshot(ctx) })
}

func (s *spy) Provider(ctx context.Context, name string) (broker.Registration, error) {
	return looked(s, "provider", func() (broker.Registration, error) { return s.Store.Provider(ctx, name) })
}

func (s *spy) Template(ctx context.Context, id string) (broker.Template, error) {
	return looked(s, "template", func() (broker.Template, error) { return s.Store.Template(ctx, id) })
}

func (s *spy) HostProvider(ctx context.Context, name string) (broker.HostProvider, error) {
	return looked(s, "host provider", func() (broker.HostProvider, error) { return s.Store.HostProvider(ctx, name) })
}

func (s *spy) StrategyConfig(ctx context.Context) (broker.StrategyConfig, error) {
	return looked(s, "strategy config", func() (broker.StrategyConfig, error) { return s.Store.StrategyConfig(ctx) })
}

func (s *spy) Owned(ctx context.Context, provider string) ([]broker.Owned, error) {
	return looked(s, "owned", func() ([]broker.Owned, error) { return s.Store.Owned(ctx, provider) })
}
