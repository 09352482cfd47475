package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openhostfactory/ohfp/shared/breaker"
	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// Probe checks one provider for the health workflow.
var Probe = op.Define(op.Spec{
	Name: "probe", Kind: op.Step, PerKind: true, Timeout: 65 * time.Second,
	Summary: "Check the health of one provider and record it",
}, Service.probe)

// ProbeInput names the provider to check.
type ProbeInput struct {
	Function        string `json:"function,omitempty" doc:"The function that is called; for the workflow."`
	ProviderName    string `json:"provider_name" doc:"The provider." required:"true"`
	DriverTimeoutMS int64  `json:"driver_timeout_ms,omitempty" doc:"The longest driver call, in ms." default:"5000" min:"1"`
	TimeoutSeconds  int    `json:"timeout_seconds,omitempty" doc:"The longest task, in seconds; for the workflow."`

	Scheduled bool             `json:"scheduled,omitempty" doc:"The check is one of the schedule's: failed ones are counted."`
	Waiting   map[string]int64 `json:"waiting,omitempty" doc:"The classes whose breakers wait for a check that passes, with their epochs."`
}

// Probed is what the check found.
type Probed struct {
	ProviderName string             `json:"provider_name"`
	State        broker.HealthState `json:"state"`
}

// probe returns not_found when the provider is gone. A provider that cannot
// be used is UNHEALTHY and says why; that is a successful probe.
func (s Service) probe(ctx context.Context, in ProbeInput) (Probed, error) {
	r, err := s.Registrations.Provider(ctx, in.ProviderName)
	if err != nil {
		return Probed{}, fmt.Errorf("reading provider %q: %w", in.ProviderName, err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.DriverTimeoutMS)*time.Millisecond)
	defer cancel()
	h, err := s.look(ctx, r, in.Scheduled)
	if err != nil {
		return Probed{}, err
	}
	if h.OK() {
		s.verify(ctx, &r)
	}
	if in.Scheduled {
		s.weigh(context.WithoutCancel(ctx), in, h)
	}
	return Probed{ProviderName: r.Name, State: h.State}, nil
}

// look checks a provider and returns what is recorded.
func (s Service) look(ctx context.Context, r broker.Registration, scheduled bool) (broker.Health, error) {
	d, err := s.Drivers.Driver(r)
	if err == nil {
		return s.examine(ctx, d, r.Name, scheduled)
	}
	h := broker.Health{
		State: broker.Unhealthy, CheckedAt: s.Now(), Scheduled: scheduled, Message: "cannot be used: " + fault.As(err).Detail,
	}
	if h, err = s.Health.RecordHealth(context.WithoutCancel(ctx), r.Name, h); err != nil {
		return h, fmt.Errorf("recording the health of %q: %w", r.Name, err)
	}
	return h, nil
}

// weigh tells the breakers what a scheduled check found. They are evidence:
// when they cannot be written the check stands all the same.
func (s Service) weigh(ctx context.Context, in ProbeInput, h broker.Health) {
	if h.OK() {
		for class, epoch := range in.Waiting {
			s.apply(ctx, broker.LiveKey{Provider: in.ProviderName, Class: class}, breaker.Passed(epoch, s.Now()))
		}
		return
	}
	s.Log.WarnContext(ctx, "a provider failed its check", "provider", in.ProviderName, "state", h.State, "reason", h.Message)
	cfg, err := s.Config.StrategyConfig(ctx)
	if err != nil {
		s.Log.ErrorContext(ctx, "reading the configuration failed", "error", err)
		return
	}
	c := breaker.Check{Now: s.Now(), FailedInRow: h.FailedInRow, Message: h.Message}
	for _, class := range []string{broker.ClassMutate, broker.ClassRead} {
		s.shut(ctx, broker.LiveKey{Provider: in.ProviderName, Class: class}, cfg.Breaker, c)
	}
}

// shut opens a breaker when enough checks have failed, whatever its row has
// become meanwhile.
func (s Service) shut(ctx context.Context, key broker.LiveKey, cfg broker.BreakerConfig, c breaker.Check) {
	var seen broker.Live
	for range admitTries {
		w, ok := breaker.Failed(seen, cfg, c)
		if !ok {
			return
		}
		after, err := s.Live.ApplyLive(ctx, key, w)
		if conflict := new(broker.Conflict); errors.As(err, &conflict) {
			if seen, ok = conflict.Current.(broker.Live); ok {
				continue
			}
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "opening a breaker failed", "provider", key.Provider, "class", key.Class, "error", err)
			return
		}
		s.opened(ctx, key, after)
		return
	}
}
