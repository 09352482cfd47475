package query

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
)

// desk is a registry of which a process keeps an older snapshot.
type desk struct {
	kept, stored *broker.Snapshot // nil: cannot be had
	cause        error
}

func (d desk) answer(s *broker.Snapshot) (broker.Snapshot, error) {
	if s == nil {
		return broker.Snapshot{}, d.cause
	}
	return *s, nil
}

func (d desk) Snapshot(context.Context) (broker.Snapshot, error)      { return d.answer(d.kept) }
func (d desk) FreshSnapshot(context.Context) (broker.Snapshot, error) { return d.answer(d.stored) }
func (desk) Provider(context.Context, string) (broker.Registration, error) {
	return broker.Registration{}, errors.New("nobody asks for one")
}

func holding(name string) *broker.Snapshot {
	return &broker.Snapshot{Providers: []broker.ProviderView{{Name: name, Kind: "static"}}}
}

func TestQueries_show_what_is_stored_now_and_what_was_kept_only_while_that_cannot_be_read(t *testing.T) {
	down := fault.New(fault.StoreUnavailable, "down")
	for name, c := range map[string]struct {
		desk desk
		want string
		code fault.Code
	}{
		"both are there":                {desk: desk{kept: holding("old"), stored: holding("new")}, want: "new"},
		"the store cannot be read":      {desk: desk{kept: holding("old"), cause: down}, want: "old"},
		"nor is anything kept":          {desk: desk{cause: down}, code: fault.StoreUnavailable},
		"what went wrong is another's":  {desk: desk{kept: holding("old"), cause: errors.New("else")}, code: fault.Internal},
		"the caller has left meanwhile": {desk: desk{kept: holding("old"), cause: down}, code: fault.StoreUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if name == "the caller has left meanwhile" {
				cancel()
			}
			s := Service{Registry: c.desk, HasDriver: func(string) bool { return true }, Now: time.Now}
			list, err := s.listAvailableProviders(ctx, ListProvidersInput{})
			if c.code == "" {
				if err != nil || len(list.Providers) != 1 || list.Providers[0].Name != c.want {
					t.Errorf("want %q, got %+v, %v", c.want, list.Providers, err)
				}
				_, err = s.getProviderHealth(ctx, GetProviderHealthInput{ProviderName: c.want})
			}
			if err != nil && fault.As(err).Code != c.code || err == nil && c.code != "" {
				t.Errorf("want %q, got %v", c.code, err)
			}
		})
	}
}
