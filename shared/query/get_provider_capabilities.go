package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openhostfactory/ohfp/shared/broker"
	"github.com/openhostfactory/ohfp/shared/fault"
	"github.com/openhostfactory/ohfp/shared/op"
)

// GetProviderCapabilities shows what a provider can do.
var GetProviderCapabilities = op.Define(op.Spec{
	Name: "getProviderCapabilities", Kind: op.Query,
	Summary: "Show what a provider can do: what was declared, and what was seen",
	Detail: "Declared is what the registration says, and what selection goes by. Verified is what the provider was seen to offer " +
		"after a passed check, once for each change of the registration and then each hour. What is not known is not there.",
	Examples: []op.Example{
		{Title: "What it can do", Body: `{"provider_name": "pool-a"}`},
		{
			Title: "With its limits and what was measured",
			Body:  `{"provider_name": "pool-a", "include_performance_metrics": true, "include_limitations": true}`,
		},
	},
	Faults: []fault.Code{fault.NotFound},
}, Service.getProviderCapabilities)

// GetProviderCapabilitiesInput says whose, and how much.
type GetProviderCapabilitiesInput struct {
	ProviderName              string `json:"provider_name" doc:"The provider." required:"true" format:"name"`
	IncludePerformanceMetrics bool   `json:"include_performance_metrics,omitempty" doc:"How it did of late."`
	IncludeLimitations        bool   `json:"include_limitations,omitempty" doc:"The limits that are known."`
}

// CapabilitiesAnswer is what a provider can do.
type CapabilitiesAnswer struct {
	ProviderName        string                 `json:"provider_name" doc:"The provider."`
	ProviderType        string                 `json:"provider_type" doc:"Its kind."`
	SupportedOperations []broker.OperationType `json:"supported_operations" doc:"What it can be asked for; nothing without a driver for its kind."`
	Capabilities        map[string]Capability  `json:"capabilities" doc:"By name."`
	VerifiedAt          *broker.Time           `json:"verified_at,omitempty" doc:"When it was seen last what it offers; absent: never, as it is registered now."`
	MachineTypes        []MachineTypeView      `json:"machine_types,omitempty" doc:"The machine types that templates name there, as they were seen; by name."`
	Limitations         map[string]any         `json:"limitations,omitempty" doc:"Limits that were seen, when they were asked for."`
	Blocked             []BlockView            `json:"blocked_offerings,omitempty" doc:"What it is out of, or cannot make, when the limits were asked for."`
	PerformanceMetrics  *Performance           `json:"performance_metrics,omitempty" doc:"How it did of late, when that was asked for."`
}

// Capability is one of a provider's capabilities. An absent value is not known.
type Capability struct {
	Declared any    `json:"declared,omitempty" doc:"What the registration says."`
	Verified any    `json:"verified,omitempty" doc:"What was seen."`
	SameAs   string `json:"same_as,omitempty" doc:"Another name of it, by which it is known too."`
}

// Performance is what is known of a provider's calls. Each figure that nothing
// is known of is absent.
type Performance struct {
	InFlight       int64        `json:"in_flight" doc:"Calls in progress."`
	ResponseTimeMS *int64       `json:"response_time_ms,omitempty" doc:"How long the last check took, in ms."`
	LastCheckTime  *broker.Time `json:"last_check_time,omitempty" doc:"When that was."`
	RecentCalls    int64        `json:"recent_calls" doc:"Calls that ended within the last minute and say something of the provider."`
	SuccessRate    *float64     `json:"recent_success_rate,omitempty" doc:"How many of those went well, in percent."`
}

// getProviderCapabilities returns not_found for an unknown name.
func (s Service) getProviderCapabilities(ctx context.Context, in GetProviderCapabilitiesInput) (CapabilitiesAnswer, error) {
	snap, err := s.registry(ctx)
	if err != nil {
		return CapabilitiesAnswer{}, err
	}
	i := slices.IndexFunc(snap.Providers, func(p broker.ProviderView) bool { return p.Name == in.ProviderName })
	if i < 0 {
		return CapabilitiesAnswer{}, noProvider(in.ProviderName, &snap)
	}
	p := &snap.Providers[i]
	seen, err := s.Capabilities.Capabilities(ctx, p.Name)
	if err != nil {
		return CapabilitiesAnswer{}, fmt.Errorf("reading the capabilities of %q: %w", p.Name, err)
	}
	if !seen.Of(p.Order, p.Version) {
		seen = broker.Capabilities{} // of another configuration, or of who had the name before
	}
	out := CapabilitiesAnswer{
		ProviderName: p.Name, ProviderType: p.Kind, SupportedOperations: s.operationsOf(p.Kind),
		Capabilities: capabilities(p.Capabilities, seen.Verified), VerifiedAt: broker.AtTime(seen.VerifiedAt),
		MachineTypes: typesView(seen.Types),
	}
	if in.IncludeLimitations {
		out.Limitations, out.Blocked = limitations(p, seen.Limits), blockedAt(p, s.Now())
	}
	if in.IncludePerformanceMetrics {
		out.PerformanceMetrics = performanceOf(p, s.Now())
	}
	return out, nil
}

// operationsOf lists what a provider of a kind can be asked for.
func (s Service) operationsOf(kind string) []broker.OperationType {
	list := []broker.OperationType{}
	if s.HasDriver(kind) {
		for _, t := range broker.OperationType("").Values() {
			list = append(list, broker.OperationType(t))
		}
	}
	return list
}

// capabilities lays what was seen beside what was declared. A capability that
// was declared under another name is shown under that, and says so.
func capabilities(declared, verified map[string]any) map[string]Capability {
	all := map[string]Capability{}
	shown := map[string]bool{}
	for name, value := range declared {
		canonical := broker.CanonicalCapability(name)
		c := Capability{Declared: value, Verified: verified[canonical]}
		if canonical != name {
			c.SameAs = canonical
		}
		all[name], shown[canonical] = c, true
	}
	for name, value := range verified {
		if canonical := broker.CanonicalCapability(name); !shown[canonical] {
			all[canonical] = Capability{Verified: value}
		}
	}
	return all
}

// limitations are the limits that were seen, and max_machines where that is less
// than what there is.
func limitations(p *broker.ProviderView, seen map[string]any) map[string]any {
	if p.MaxMachines == nil {
		return seen
	}
	all := map[string]any{"max_machines": *p.MaxMachines}
	maps.Copy(all, seen)
	if n, ok := all["max_machines"].(float64); ok && n > float64(*p.MaxMachines) { // as JSON has it
		all["max_machines"] = *p.MaxMachines
	}
	return all
}

// ringSeconds is how long a bucket of a breaker's ring is.
const ringSeconds = 10

func performanceOf(p *broker.ProviderView, now time.Time) *Performance {
	m := &Performance{LastCheckTime: broker.AtTime(p.Health.CheckedAt)}
	if !p.Health.CheckedAt.IsZero() {
		ms := p.Health.ResponseTime.Milliseconds()
		m.ResponseTimeMS = &ms
	}
	var good int64
	for _, l := range p.Live {
		m.InFlight += l.Calls(now)
		oldest := now.Unix()/ringSeconds - int64(len(l.Ring))
		for _, b := range l.Ring {
			if b.Slot > oldest {
				good += b.Good
				m.RecentCalls += b.Good + b.Bad
			}
		}
	}
	if m.RecentCalls > 0 {
		rate := 100 * float64(good) / float64(m.RecentCalls)
		m.SuccessRate = &rate
	}
	return m
}
