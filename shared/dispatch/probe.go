package dispatch

import (
	"context"
	"fmt"
	"time"

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
	d, err := s.Drivers.Driver(r)
	if err != nil {
		h := broker.Health{State: broker.Unhealthy, CheckedAt: s.Now(), Message: "cannot be used: " + fault.As(err).Detail}
		if _, err := s.Health.RecordHealth(ctx, r.Name, h); err != nil {
			return Probed{}, fmt.Errorf("recording the health of %q: %w", r.Name, err)
		}
		return Probed{ProviderName: r.Name, State: h.State}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(in.DriverTimeoutMS)*time.Millisecond)
	defer cancel()
	h, err := s.examine(ctx, d, r.Name)
	if err != nil {
		return Probed{}, err
	}
	return Probed{ProviderName: r.Name, State: h.State}, nil
}
